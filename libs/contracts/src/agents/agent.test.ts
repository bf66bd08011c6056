import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  agentSchema,
  CONFIGURATION_EVENT_TYPES,
  configurationChangeSchema,
  configurationEventSchema,
  evolve,
  INITIAL_AGENT_STATE,
  stateAfter,
  type AgentState,
  type ConfigurationChange,
  type ConfigurationEvent,
} from "./agent.ts";
import { EVENT_TYPES, type EventType } from "../events/event-types.ts";
import type { SigningKey } from "../secrets/signing-key.ts";
import { METHOD_TYPES, type Subscription } from "./subscription.ts";

const IDS = { workspace_id: "acme", agent_id: "bob" };
const AT = "2026-01-01T00:00:00.000Z";

const timeOf = (n: number): string => new Date(Date.parse(AT) + n * 1_000).toISOString();

const registered: ConfigurationChange = {
  type: "agent_registered",
  change: { ...IDS, agent_display_name: "Bob" },
};
const deregistered: ConfigurationChange = { type: "agent_deregistered", change: {} };
const edited = (set: Subscription[], removed: EventType[] = []): ConfigurationChange => ({
  type: "event_subscriptions_edited",
  change: { set, removed },
});
const removed = (types: EventType[]): ConfigurationChange => ({
  type: "event_subscriptions_removed",
  change: { removed: types },
});
const subscription = (event_type: EventType, n = 1): Subscription => ({
  event_type,
  callback_url: `https://${n}.example.com/`,
  headers: {},
  method_type: "POST",
});

const key = (id: string, expires_at?: string): SigningKey => ({
  id,
  scheme: "v1",
  secret: `whsec_${id}`,
  created_at: AT,
  ...(expires_at === undefined ? {} : { expires_at }),
});
const rotated = (
  types: EventType[],
  id = "k1",
  former_expire_at = "2026-01-02T00:00:00.000Z",
): ConfigurationChange => ({
  type: "signing_secret_rotated",
  change: { set: types.map((event_type) => ({ event_type, key: key(id) })), former_expire_at },
});
const unsigned = (event_types: EventType[]): ConfigurationChange => ({
  type: "signing_secret_removed",
  change: { event_types },
});
const reencrypted: ConfigurationChange = { type: "secrets_reencrypted", change: {} };

const types = fc.uniqueArray(fc.constantFrom(...EVENT_TYPES));
const subscriptions = fc.uniqueArray(
  fc.record({
    event_type: fc.constantFrom(...EVENT_TYPES),
    callback_url: fc.constantFrom("https://1.example.com/", "https://2.example.com/?a=b"),
    headers: fc.constantFrom<Record<string, string>[]>({}, { "x-a": "1" }, { "X-A": "ü", b: "" }),
    method_type: fc.constantFrom(...METHOD_TYPES),
  }),
  { selector: ({ event_type }) => event_type },
);

const rotations = fc
  .tuple(
    types,
    fc.constantFrom("k1", "k2"),
    fc.nat({ max: 12 }).map((n) => timeOf(n)),
  )
  .map(([named, id, until]) => rotated(named, id, until));

/** What can happen to an agent that is there; after a deregistration it is registered again first. */
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(subscriptions, types).map(([set, gone]) => edited(set, gone)) },
  { weight: 2, arbitrary: types.map(removed) },
  { weight: 2, arbitrary: rotations },
  { weight: 1, arbitrary: types.map(unsigned) },
  { weight: 1, arbitrary: fc.constantFrom(deregistered, reencrypted) },
);

const history = fc.array(happening, { maxLength: 12 }).map((happenings) => {
  const changes: ConfigurationChange[] = [];
  for (const change of happenings) {
    const isThere = changes.length > 0 && changes.at(-1)?.type !== "agent_deregistered";
    changes.push(...(isThere ? [] : [registered]), change);
  }
  return changes;
});

/** The states after each change of a history, at one second's distance. */
const statesOf = (changes: readonly ConfigurationChange[]): AgentState[] => {
  const states: AgentState[] = [];
  for (const [n, change] of changes.entries()) {
    const before = states.at(-1) ?? INITIAL_AGENT_STATE;
    states.push(evolve(before, { ...change, occurred_at: timeOf(n) }));
  }
  return states;
};

describe("after any history that can be", () => {
  test("every change counts one version, over deregistrations too", () => {
    fc.assert(
      fc.property(history, (changes) => {
        const versions = statesOf(changes).map(({ version }) => version);
        expect(versions).toEqual(changes.map((_, n) => n + 1));
      }),
    );
  });

  test("each event type is there at most once, in the catalogue's order", () => {
    fc.assert(
      fc.property(history, (changes) => {
        for (const state of statesOf(changes)) {
          const list = state.kind === "registered" ? state.agent.event_subscriptions : [];
          const indexes = list.map(({ event_type }) =>
            (EVENT_TYPES as readonly string[]).indexOf(event_type),
          );
          expect(indexes).toEqual([...new Set(indexes)].toSorted((a, b) => a - b));
        }
      }),
    );
  });

  test("each type's subscription is the last one that was set and not removed since", () => {
    fc.assert(
      fc.property(history, (changes) => {
        const expected = new Map<EventType, Subscription>();
        for (const { type, change } of changes) {
          if (type === "agent_registered" || type === "agent_deregistered") expected.clear();
          if (type === "event_subscriptions_edited" || type === "event_subscriptions_removed") {
            for (const gone of change.removed) expected.delete(gone);
          }
          if (type === "event_subscriptions_edited") {
            for (const one of change.set) expected.set(one.event_type, one);
          }
        }
        const state = statesOf(changes).at(-1) ?? INITIAL_AGENT_STATE;
        const found = state.kind === "registered" ? state.agent.event_subscriptions : [];
        const plain = found.map(({ signing: _keys, ...one }) => [one.event_type, one] as const);
        expect(new Map(plain)).toEqual(expected);
      }),
    );
  });

  test("an agent was created when it was last registered, and updated at the last change", () => {
    fc.assert(
      fc.property(history, (changes) => {
        const state = statesOf(changes).at(-1);
        if (state?.kind !== "registered") return;
        const { created_at, updated_at } = state.agent;
        const last = changes.findLastIndex(({ type }) => type === "agent_registered");
        // Of a re-encryption its owner sees nothing.
        const change = changes.findLastIndex(({ type }) => type !== "secrets_reencrypted");
        expect([created_at, updated_at]).toEqual([timeOf(last), timeOf(change)]);
      }),
    );
  });

  test("the states before are left as they were", () => {
    fc.assert(
      fc.property(history, (changes) => {
        let state = INITIAL_AGENT_STATE;
        for (const [n, change] of changes.entries()) {
          const before = structuredClone(state);
          const after = evolve(state, { ...change, occurred_at: timeOf(n) });
          expect(state).toEqual(before);
          state = after;
        }
      }),
    );
  });

  test("each event goes through JSON and the schema unchanged, and tells the state alone", () => {
    fc.assert(
      fc.property(history, (changes) => {
        for (const [n, state] of statesOf(changes).entries()) {
          const event = {
            ...changes[n],
            occurred_at: timeOf(n),
            actor: "key1",
            version: state.version,
            agent: state.kind === "registered" ? state.agent : null,
          } as ConfigurationEvent;
          const read = configurationEventSchema.parse(JSON.parse(JSON.stringify(event)));
          expect(read).toEqual(event);
          expect(stateAfter(read)).toEqual(state);
        }
      }),
    );
  });
});

test.each<[string, ConfigurationChange[], string]>([
  ["an edit of an agent that never was", [edited([])], "'event_subscriptions_edited' of an agent"],
  ["a removal at one that never was", [removed([])], "'event_subscriptions_removed' of an agent"],
  ["a deregistration of one that never was", [deregistered], "'agent_deregistered' of an agent"],
  ["a second deregistration", [registered, deregistered, deregistered], "that is not there"],
  ["an edit after a deregistration", [registered, deregistered, edited([])], "that is not there"],
  [
    "a second registration",
    [registered, registered],
    "'agent_registered' of an agent that is there",
  ],
])("%s cannot follow and throws", (_what, changes, message) => {
  expect(() => statesOf(changes)).toThrow(message);
});

test("a subscription that is set and listed as removed is set", () => {
  const one = subscription("call_completed");
  const state = statesOf([registered, edited([one], ["call_completed"])]).at(-1);
  expect(state).toMatchObject({ agent: { event_subscriptions: [one] } });
});

describe("signing keys", () => {
  const CALL = "call_completed";
  const RECORDING = "recording_completed";
  const signed = [registered, edited([subscription(CALL), subscription(RECORDING)])];
  const keysAfter = (...changes: ConfigurationChange[]) => {
    const state = statesOf([...signed, ...changes]).at(-1);
    const list = state?.kind === "registered" ? state.agent.event_subscriptions : [];
    return Object.fromEntries(list.map((one) => [one.event_type, one.signing]));
  };

  test("a rotation puts a key before the ones that are there, of the named types alone", () => {
    const until = timeOf(9);
    expect(keysAfter(rotated([CALL, RECORDING], "k1"), rotated([CALL], "k2", until))).toEqual({
      [CALL]: [key("k2"), key("k1", until)],
      [RECORDING]: [key("k1")],
    });
  });

  test("an edit of the subscription keeps its keys, also when they stand in the edit", () => {
    const moved = { ...subscription(CALL, 2), signing: [key("forged")] };
    expect(keysAfter(rotated([CALL]), edited([moved]))).toMatchObject({ [CALL]: [key("k1")] });
    expect(keysAfter(edited([moved]))).toEqual({ [CALL]: undefined, [RECORDING]: undefined });
  });

  test("a subscription that was removed has none when it comes back", () => {
    const back = edited([subscription(CALL)]);
    expect(keysAfter(rotated([CALL]), removed([CALL]), back)[CALL]).toBeUndefined();
  });

  test("their removal leaves none, of the named types alone", () => {
    const after = keysAfter(rotated([CALL, RECORDING]), unsigned([CALL]));
    expect(after).toEqual({ [CALL]: undefined, [RECORDING]: [key("k1")] });
  });

  test("the next change of any kind drops those that have expired, the same moment included", () => {
    const twice = [rotated([CALL], "k1"), rotated([CALL], "k2", timeOf(4))];
    expect(keysAfter(...twice)[CALL]).toHaveLength(2);
    for (const change of [reencrypted, unsigned([]), removed([]), edited([])]) {
      expect(keysAfter(...twice, change)[CALL]).toEqual([key("k2")]);
    }
    expect(keysAfter(twice[0]!, rotated([CALL], "k2", timeOf(3)))[CALL]).toEqual([key("k2")]);
  });
});

test("the list of configuration event types is the schema's", () => {
  const inSchema = configurationChangeSchema.options.map(({ shape }) => shape.type.value);
  expect(inSchema).toEqual(CONFIGURATION_EVENT_TYPES);
  expect(CONFIGURATION_EVENT_TYPES).toEqual([
    "agent_registered",
    "agent_renamed",
    "event_subscriptions_edited",
    "event_subscriptions_removed",
    "agent_deregistered",
    "secrets_reencrypted",
    "signing_secret_rotated",
    "signing_secret_removed",
  ]);
});

test.each<[string, object]>([
  ["an unknown type", { type: "agent_moved" }],
  ["a change of another type", { type: "event_subscriptions_edited" }],
  ["no actor", { actor: undefined }],
  ["a time that is none", { occurred_at: "yesterday" }],
  ["version 0", { version: 0 }],
  ["a missing agent, which is not the same as null", { agent: undefined }],
  ["an agent without its id", { agent: { workspace_id: "acme" } }],
])("a configuration event with %s is refused", (_what, more) => {
  const [state] = statesOf([registered]);
  const agent = state?.kind === "registered" ? state.agent : null;
  const event = { ...registered, occurred_at: AT, actor: "key1", version: 1, agent };
  expect(configurationEventSchema.safeParse(event).success).toBe(true);
  expect(configurationEventSchema.safeParse({ ...event, ...more }).success).toBe(false);
});

test("an agent's ids must be ids", () => {
  const agent = { ...IDS, agent_display_name: "", event_subscriptions: [], created_at: AT };
  expect(agentSchema.safeParse({ ...agent, updated_at: AT }).success).toBe(true);
  for (const wrong of ["", "a.b", ">", "x".repeat(129)]) {
    const other = { ...agent, updated_at: AT, agent_id: wrong };
    expect(agentSchema.safeParse(other).success).toBe(false);
  }
});
