import {
  evolve,
  INITIAL_AGENT_STATE,
  stateAfter,
  type AgentState,
  type ConfigurationChange,
} from "@ringback/contracts/agents/agent";
import { EVENT_TYPES, type EventType } from "@ringback/contracts/events/event-types";
import {
  METHOD_TYPES,
  differingSettings,
  type Subscription,
} from "@ringback/contracts/agents/subscription";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SigningKey } from "@ringback/contracts/secrets/signing-key";
import { decide, type Command } from "./edit.ts";
import type { EditSubscriptions } from "./edit-subscriptions.ts";
import { toEvents } from "./to-events.ts";

const IDS = { workspace_id: "acme", agent_id: "bob" };
const NOW = "2026-01-01T00:00:00.000Z";
const OCCASION = { actor: "key", occurred_at: NOW };

const subscription = (
  event_type: EventType,
  callback_url = "https://a.example.com/",
): Subscription => ({ event_type, callback_url, headers: {}, method_type: "POST" });

const registered: ConfigurationChange = {
  type: "agent_registered",
  change: { ...IDS, agent_display_name: "Bob" },
};
const edited = (set: Subscription[], removed: EventType[] = []): ConfigurationChange => ({
  type: "event_subscriptions_edited",
  change: { set, removed },
});
const deregistered: ConfigurationChange = { type: "agent_deregistered", change: {} };

const after = (changes: readonly ConfigurationChange[], state = INITIAL_AGENT_STATE): AgentState =>
  changes.reduce<AgentState>((s, change) => evolve(s, { ...change, occurred_at: NOW }), state);

const edit = (
  event_subscriptions: Subscription[],
  options: Partial<EditSubscriptions> = {},
): EditSubscriptions => ({
  kind: "edit_event_subscriptions",
  agent: IDS,
  event_subscriptions,
  mode: "merge",
  on_conflict: "overwrite",
  if_absent: "reject",
  at: NOW,
  ...options,
});
const register = (agent_display_name = "Bob"): Command => ({
  kind: "register_agent",
  agent: IDS,
  agent_display_name,
});
const remove = (
  event_types: EventType[],
  if_absent: "reject" | "register" = "reject",
): Command => ({
  kind: "remove_event_subscriptions",
  agent: IDS,
  event_types,
  if_absent,
});
const rename = (agent_display_name: string): Command => ({
  kind: "rename_agent",
  agent: IDS,
  agent_display_name,
});
const deregister: Command = { kind: "deregister_agent", agent: IDS };

const call = subscription("call_completed");
const otherCall = subscription("call_completed", "https://b.example.com/");
const recording = subscription("recording_completed");
const differ = (a: Subscription, b: Subscription): boolean =>
  a.event_type !== b.event_type || differingSettings(a, b).length > 0;
const nameOf = ({ event_type, callback_url }: Subscription) => ({ event_type, callback_url });

type Case = {
  readonly title: string;
  readonly given: readonly ConfigurationChange[];
  readonly when: Command;
  readonly outcome: Record<string, unknown>;
};

const NOTHING = { kind: "accepted", changes: [] };
const NO_EFFECTS = { added: [], replaced: [], unchanged: [], kept: [], removed: [], unsigned: [] };
const NOT_FOUND = { kind: "rejected", code: "agent_not_found" };

describe("registering", () => {
  const cases: Case[] = [
    {
      title: "an unknown agent is registered",
      given: [],
      when: register(),
      outcome: { ...NOTHING, changes: [registered] },
    },
    {
      title: "the same name again changes nothing",
      given: [registered, edited([call])],
      when: register(),
      outcome: NOTHING,
    },
    {
      title: "another name is refused",
      given: [registered],
      when: register("Rob"),
      outcome: { kind: "rejected", code: "agent_exists", agent: { agent_display_name: "Bob" } },
    },
    {
      title: "an agent that was deregistered can be registered again",
      given: [registered, deregistered],
      when: register("Rob"),
      outcome: { kind: "accepted", changes: [{ type: "agent_registered" }] },
    },
    {
      title: "a registered agent is deregistered",
      given: [registered],
      when: deregister,
      outcome: { ...NOTHING, changes: [deregistered] },
    },
    {
      title: "an agent that is not there cannot be deregistered",
      given: [registered, deregistered],
      when: deregister,
      outcome: NOT_FOUND,
    },
  ];
  test.each(cases)("$title", ({ given, when, outcome }) => {
    expect(decide(when, after(given))).toMatchObject(outcome);
  });
});

describe("editing", () => {
  const cases: Case[] = [
    {
      title: "an unknown agent is not found",
      given: [],
      when: edit([call]),
      outcome: NOT_FOUND,
    },
    {
      title: "an unknown agent is registered first where that is automatic",
      given: [],
      when: edit([call], { if_absent: "register" }),
      outcome: {
        ...NOTHING,
        changes: [
          { type: "agent_registered", change: { ...IDS, agent_display_name: "bob" } },
          edited([call]),
        ],
      },
    },
    {
      title: "a first subscription is set",
      given: [registered],
      when: edit([call]),
      outcome: {
        ...NOTHING,
        changes: [edited([call])],
        effects: { ...NO_EFFECTS, added: [nameOf(call)] },
      },
    },
    {
      title: "a type that is not named stays as it is",
      given: [registered, edited([call])],
      when: edit([recording]),
      outcome: {
        ...NOTHING,
        changes: [edited([recording])],
        effects: { ...NO_EFFECTS, added: [nameOf(recording)], kept: [nameOf(call)] },
      },
    },
    {
      title: "a named type is overwritten and its old URL is told",
      given: [registered, edited([call])],
      when: edit([otherCall]),
      outcome: {
        ...NOTHING,
        changes: [edited([otherCall])],
        effects: {
          ...NO_EFFECTS,
          replaced: [{ ...nameOf(call), changed: ["callback_url"] }],
        },
      },
    },
    {
      title: "a subscription that is there already changes nothing",
      given: [registered, edited([call, recording])],
      when: edit([call]),
      outcome: {
        ...NOTHING,
        changes: [],
        effects: { ...NO_EFFECTS, unchanged: [nameOf(call)], kept: [nameOf(recording)] },
      },
    },
    {
      title: "only what differs is recorded",
      given: [registered, edited([call])],
      when: edit([call, recording]),
      outcome: {
        ...NOTHING,
        changes: [edited([recording])],
        effects: { ...NO_EFFECTS, added: [nameOf(recording)], unchanged: [nameOf(call)] },
      },
    },
    {
      title: "mode replace removes the types that are not named",
      given: [registered, edited([call, recording])],
      when: edit([otherCall], { mode: "replace" }),
      outcome: {
        kind: "accepted",
        changes: [edited([otherCall], ["recording_completed"])],
        effects: {
          ...NO_EFFECTS,
          replaced: [{ ...nameOf(call), changed: ["callback_url"] }],
          removed: [nameOf(recording)],
        },
      },
    },
    {
      title: "mode replace with an empty list removes everything",
      given: [registered, edited([call])],
      when: edit([], { mode: "replace" }),
      outcome: {
        ...NOTHING,
        changes: [edited([], ["call_completed"])],
        effects: { ...NO_EFFECTS, removed: [nameOf(call)] },
      },
    },
    {
      title: "a named type that has a subscription is refused where conflicts are errors",
      given: [registered, edited([call])],
      when: edit([otherCall, recording], { on_conflict: "error" }),
      outcome: { kind: "rejected", code: "subscription_exists", existing: [nameOf(call)] },
    },
    {
      title: "where conflicts are errors, types without a subscription are set",
      given: [registered, edited([call])],
      when: edit([recording], { on_conflict: "error" }),
      outcome: { ...NOTHING, changes: [edited([recording])] },
    },
  ];
  test.each(cases)("$title", ({ given, when, outcome }) => {
    expect(decide(when, after(given))).toMatchObject(outcome);
  });
});

const removal = (removed: EventType[]): ConfigurationChange => ({
  type: "event_subscriptions_removed",
  change: { removed },
});

const key = (id: string, secret = `whsec_${id}`): SigningKey => ({
  id,
  scheme: "v1",
  secret,
  created_at: "2026-01-01T00:00:00.000Z",
});
const rotated = (types: EventType[], one: SigningKey): ConfigurationChange => ({
  type: "signing_secret_rotated",
  change: {
    set: types.map((event_type) => ({ event_type, key: one })),
    former_expire_at: "2999-01-01T00:00:00.000Z",
  },
});
const analysis = subscription("client_analysis_completed");
const both = edited([call, recording]);
const BOTH: EventType[] = ["call_completed", "recording_completed"];
const signingOf = (given: readonly ConfigurationChange[], when: Command) => {
  const state = after(given);
  const decision = decide(when, state);
  if (decision.kind === "rejected") throw new Error(decision.code);
  const next = after(decision.changes, state);
  if (next.kind === "absent") throw new Error("no agent");
  const keys = next.agent.event_subscriptions.map((one): [string, string[]] => [
    one.event_type,
    (one.signing ?? []).map(({ secret }) => secret),
  ]);
  return { keys: Object.fromEntries(keys), effects: decision.effects };
};

describe("signing new subscriptions", () => {
  test("a subscription is signed with the secrets that all others of the agent have", () => {
    const given = [registered, both, rotated(BOTH, key("old")), rotated(BOTH, key("new"))];
    const { keys, effects } = signingOf(given, edit([analysis, otherCall], { new_key: key("x") }));
    const all = ["whsec_new", "whsec_old"];
    expect(keys).toEqual({
      call_completed: all,
      recording_completed: all,
      client_analysis_completed: all,
    });
    expect(effects).toMatchObject({ unsigned: [] });
    expect(effects).not.toHaveProperty("newKey");
  });

  test("without a secret in common it is not signed, and that is told", () => {
    for (const given of [
      [registered, both, rotated(["call_completed"], key("a"))],
      [registered, both, rotated(BOTH, key("a")), rotated(["call_completed"], key("b"))],
      [registered, both, rotated(BOTH, key("a", "enc:v1:k1:c2VhbGVk"))],
    ]) {
      const { keys, effects } = signingOf(given, edit([analysis]));
      expect(keys["client_analysis_completed"]).toEqual([]);
      expect(effects?.unsigned).toEqual(["client_analysis_completed"]);
    }
    expect(signingOf([registered, both], edit([analysis])).effects?.unsigned).toEqual([]);
  });

  test("keys that have expired count for nothing: neither one that cannot be opened, nor its place", () => {
    const expired = {
      ...key("gone", "enc:v1:k1:c2VhbGVk"),
      expires_at: "2026-01-01T01:00:00.000Z",
    };
    const former = { ...key("former"), expires_at: "2026-01-02T00:00:00.000Z" };
    const signed = [
      { ...call, signing: [key("a"), former] },
      { ...recording, signing: [key("a"), expired, { ...expired, id: "earlier" }] },
    ];
    const at = "2026-01-01T02:00:00.000Z";
    const { keys, effects } = signingOf([registered, edited(signed)], edit([analysis], { at }));
    expect(keys["client_analysis_completed"]).toEqual(["whsec_a", "whsec_former"]);
    expect(effects?.unsigned).toEqual([]);
  });

  test("then a new key signs it, where new subscriptions are signed by themselves", () => {
    const given = [registered, both, rotated(["call_completed"], key("a"))];
    const { keys, effects } = signingOf(given, edit([analysis], { new_key: key("x") }));
    expect(keys).toMatchObject({
      call_completed: ["whsec_a"],
      recording_completed: [],
      client_analysis_completed: ["whsec_x"],
    });
    expect(effects).toMatchObject({ unsigned: [], newKey: key("x") });
    const first = signingOf([registered], edit([call, recording], { new_key: key("x") }));
    expect(first.keys).toEqual({
      call_completed: ["whsec_x"],
      recording_completed: ["whsec_x"],
    });
    expect(
      signingOf([registered, both], edit([call], { new_key: key("x") })).effects,
    ).not.toHaveProperty("newKey");
  });

  test("an edited subscription keeps its keys, or the lack of them", () => {
    const given = [registered, both, rotated(["call_completed"], key("a"))];
    const otherRecording = subscription("recording_completed", "https://b.example.com/");
    const { keys } = signingOf(given, edit([otherCall, otherRecording], { new_key: key("x") }));
    expect(keys).toEqual({ call_completed: ["whsec_a"], recording_completed: [] });
  });
});

describe("renaming", () => {
  test("a name is changed once, and only of an agent that is there", () => {
    const given = [registered, edited([call])];
    const change = { type: "agent_renamed", change: { agent_display_name: "Rob" } } as const;
    expect(decide(rename("Rob"), after(given))).toEqual({ ...NOTHING, changes: [change] });
    expect(after([...given, change])).toMatchObject({
      version: 3,
      agent: { agent_display_name: "Rob", event_subscriptions: [call] },
    });
    expect(decide(rename("Bob"), after(given))).toEqual(NOTHING);
    expect(decide(rename("Rob"), after([]))).toEqual(NOT_FOUND);
  });
});

describe("removing", () => {
  const cases: Case[] = [
    {
      title: "a named type loses its subscription",
      given: [registered, edited([call, recording])],
      when: remove(["call_completed", "client_analysis_completed"]),
      outcome: {
        ...NOTHING,
        changes: [removal(["call_completed"])],
        effects: { ...NO_EFFECTS, removed: [nameOf(call)], kept: [nameOf(recording)] },
      },
    },
    {
      title: "a type without a subscription changes nothing",
      given: [registered],
      when: remove(["call_completed"]),
      outcome: NOTHING,
    },
    {
      title: "an unknown agent is not found when something is to be removed",
      given: [],
      when: remove(["call_completed"]),
      outcome: NOT_FOUND,
    },
    {
      title: "an unknown agent is registered where that is automatic, with nothing to remove",
      given: [],
      when: remove(["call_completed"], "register"),
      outcome: { ...NOTHING, changes: [{ type: "agent_registered" }] },
    },
  ];
  test.each(cases)("$title", ({ given, when, outcome }) => {
    expect(decide(when, after(given))).toMatchObject(outcome);
  });
});

const listOf = (state: AgentState): readonly Subscription[] =>
  state.kind === "registered" ? state.agent.event_subscriptions : [];

const eventType = fc.constantFrom(...EVENT_TYPES);
const anySubscription: fc.Arbitrary<Subscription> = fc.record({
  event_type: eventType,
  callback_url: fc.constantFrom<string[]>("https://a.example.com/", "https://b.example.com/"),
  headers: fc.constantFrom<Subscription["headers"][]>({}, { "X-A": "1" }),
  method_type: fc.constantFrom(...METHOD_TYPES),
});
const subscriptions = fc.uniqueArray(anySubscription, { selector: (s) => s.event_type });
const ifAbsent = fc.constantFrom("reject" as const, "register" as const);
const anyEdit: fc.Arbitrary<EditSubscriptions> = fc.record({
  kind: fc.constant("edit_event_subscriptions" as const),
  agent: fc.constant(IDS),
  event_subscriptions: subscriptions,
  mode: fc.constantFrom("merge" as const, "replace" as const),
  on_conflict: fc.constantFrom("overwrite" as const, "error" as const),
  if_absent: ifAbsent,
  at: fc.constant(NOW),
});
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: anyEdit },
  fc.constantFrom("Bob", "Rob").map(register),
  fc.tuple(fc.uniqueArray(eventType), ifAbsent).map(([types, absent]) => remove(types, absent)),
  fc.constant(deregister),
);

/** Carries out commands one after the other; refused ones change nothing. */
const carryOut = (commands: readonly Command[]) => {
  let state: AgentState = INITIAL_AGENT_STATE;
  const records = [];
  for (const command of commands) {
    const decision = decide(command, state);
    if (decision.kind === "rejected") continue;
    for (const record of toEvents(decision.changes, state, OCCASION)) {
      records.push(record);
      state = stateAfter(record);
    }
  }
  return { state, records };
};

describe("over any history", () => {
  test("each message carries the state that folding all messages up to it gives", () => {
    fc.assert(
      fc.property(fc.array(anyCommand), (commands) => {
        const { records } = carryOut(commands);
        let folded: AgentState = INITIAL_AGENT_STATE;
        for (const [n, record] of records.entries()) {
          folded = evolve(folded, record);
          expect(stateAfter(record)).toEqual(folded);
          expect(record.version).toBe(n + 1);
        }
      }),
    );
  });

  test("no event type has two subscriptions, and they stand in the catalogue's order", () => {
    fc.assert(
      fc.property(fc.array(anyCommand), (commands) => {
        const { state } = carryOut(commands);
        if (state.kind === "absent") return;
        const types = state.agent.event_subscriptions.map((s) => s.event_type);
        expect(types).toEqual(EVENT_TYPES.filter((type) => types.includes(type)));
      }),
    );
  });

  test("an edit that is accepted leaves what it asked for, and again it changes nothing", () => {
    fc.assert(
      fc.property(fc.array(anyCommand), anyEdit, (commands, command) => {
        const before = carryOut(commands).state;
        const decision = decide(command, before);
        if (decision.kind === "rejected") return;
        const state = after(decision.changes, before);
        const subs = state.kind === "registered" ? state.agent.event_subscriptions : [];
        const has = (s: Subscription) => subs.some((one) => !differ(one, s));
        expect(command.event_subscriptions.every(has)).toBe(true);
        const hasOthers = subs.length > command.event_subscriptions.length;
        expect(hasOthers && command.mode === "replace").toBe(false);
        const again = decide({ ...command, on_conflict: "overwrite" }, state);
        expect(again).toMatchObject({ kind: "accepted", changes: [] });
      }),
    );
  });

  test("each subscription, before or named, is in one effect, and that is what became of it", () => {
    fc.assert(
      fc.property(fc.array(anyCommand), anyEdit, (commands, command) => {
        const before = carryOut(commands).state;
        const decision = decide(command, before);
        if (decision.kind === "rejected" || decision.effects === undefined) return;
        const { unsigned: _unsigned, newKey: _newKey, ...effects } = decision.effects;
        const next = after(decision.changes, before);
        const was = new Map(listOf(before).map((one) => [one.event_type, one]));
        const is = new Map(listOf(next).map((one) => [one.event_type, one]));
        const named = new Set(command.event_subscriptions.map(({ event_type }) => event_type));
        const effectOf = (type: EventType): string => {
          const [one, other] = [was.get(type), is.get(type)];
          if (one === undefined) return "added";
          if (other === undefined) return "removed";
          if (!named.has(type)) return "kept";
          return differ(one, other) ? "replaced" : "unchanged";
        };
        const types = new Set([...was.keys(), ...named]);
        const expected = [...types].map((type) => `${type} ${effectOf(type)}`);
        const told = Object.entries(effects).flatMap(([effect, list]) =>
          list.map(({ event_type }) => `${event_type} ${effect}`),
        );
        expect(told.toSorted()).toEqual(expected.toSorted());
        for (const { event_type, callback_url, changed } of effects.replaced) {
          const [one, other] = [was.get(event_type), is.get(event_type)];
          expect(callback_url).toBe(one?.callback_url);
          expect(one && other && differingSettings(one, other)).toEqual(changed);
        }
      }),
    );
  });

  test("what an edit takes away is told, and nothing else is lost", () => {
    fc.assert(
      fc.property(fc.array(anyCommand), anyEdit, (commands, command) => {
        const before = carryOut(commands).state;
        const decision = decide(command, before);
        if (decision.kind === "rejected" || before.kind === "absent") return;
        const state = after(decision.changes, before);
        const subs = state.kind === "registered" ? state.agent.event_subscriptions : [];
        const { replaced = [], removed = [] } = decision.effects ?? {};
        const told = [...replaced, ...removed].map((s) => s.event_type);
        for (const one of before.agent.event_subscriptions) {
          const isKept = subs.some((s) => !differ(s, one));
          expect(isKept || told.includes(one.event_type)).toBe(true);
        }
      }),
    );
  });
});
