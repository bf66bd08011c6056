import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  evolveEndpoint,
  INITIAL_ENDPOINT_STATE,
  type EndpointSettings,
  type EndpointState,
} from "@ringback/contracts/endpoints/endpoint-event";
import { MAX_SIGNING_KEYS, type SigningKey } from "@ringback/contracts/secrets/signing-key";
import { entityTagsIn } from "../../commands/decide/entity-tag.ts";
import type { WholeSettings } from "./differing-settings.ts";
import { decideEndpoint, type EndpointCommand } from "./endpoint-command.ts";
import type { SwitchOperation } from "./switch.ts";
import { endpointAfter, toEndpointEvents } from "./to-events.ts";

const IDS = { workspace_id: "acme", endpoint_id: "ep_aaaaaaaaaaaaaaaa" };
const NOW = "2026-01-01T00:00:00.000Z";
const LATER = "2026-02-01T00:00:00.000Z";

const keyOf = (id: string): SigningKey => ({
  id,
  created_at: NOW,
  scheme: "v1",
  secret: `whsec_${id}`,
});

const PLAIN: WholeSettings = {
  url: "https://a.example.com/",
  method_type: "POST",
  headers: {},
  agents: ["*"],
  event_types: ["*"],
};

const create = (settings: WholeSettings = PLAIN, uid?: string): EndpointCommand => ({
  kind: "create_endpoint",
  endpoint: IDS,
  uid,
  settings,
  key: keyOf("first"),
});
const put = (settings: WholeSettings, isNamedByUid = true, uid?: string): EndpointCommand => ({
  kind: "put_endpoint",
  endpoint: IDS,
  isNamedByUid,
  uid,
  settings,
  key: keyOf("put"),
});
const change = (set: EndpointSettings, uid?: string): EndpointCommand => ({
  kind: "change_endpoint",
  endpoint: IDS,
  uid,
  set,
});
const switchBy = (operation: SwitchOperation): EndpointCommand => ({
  kind: "switch_endpoint",
  endpoint: IDS,
  operation,
});
const rotate = (id: string, former_expire_at = LATER): EndpointCommand => ({
  kind: "rotate_endpoint_secret",
  endpoint: IDS,
  key: keyOf(id),
  former_expire_at,
});
const DELETE: EndpointCommand = { kind: "delete_endpoint", endpoint: IDS };
const [PAUSE, RESUME, ENABLE] = (["pause", "resume", "enable"] as const).map((name) =>
  switchBy({ name }),
) as [EndpointCommand, EndpointCommand, EndpointCommand];
const DISCARD = switchBy({ name: "disable", events: "discard" });
const HOLD = switchBy({ name: "disable", events: "hold" });

/** Carries out commands one after the other, a minute apart; rejected ones change nothing. */
const carryOut = (commands: readonly EndpointCommand[]) => {
  let state: EndpointState = INITIAL_ENDPOINT_STATE;
  const events = [];
  for (const [n, command] of commands.entries()) {
    const decision = decideEndpoint(command, state);
    if (decision.kind === "rejected") continue;
    const occurred_at = new Date(Date.parse(NOW) + n * 60_000).toISOString();
    for (const event of toEndpointEvents(decision.changes, state, { actor: "k", occurred_at })) {
      events.push(event);
      state = endpointAfter(event);
    }
  }
  return { state, events };
};

const stateAfter = (...commands: readonly EndpointCommand[]): EndpointState =>
  carryOut(commands).state;

const NOTHING = { kind: "accepted", changes: [] };
const rejected = (code: string) => ({ kind: "rejected", code });

describe("a command", () => {
  test.each([
    ["creates what is not there", [], create(), { changes: [{ type: "endpoint_created" }] }],
    ["does not create what is there", [create()], create(), rejected("endpoint_exists")],
    ["creates again what was deleted", [create(), DELETE], create(), { kind: "accepted" }],
    [
      "puts what is not there, by a uid",
      [],
      put(PLAIN),
      { changes: [{ type: "endpoint_created" }] },
    ],
    ["puts nothing by an unknown id", [], put(PLAIN, false), rejected("endpoint_not_found")],
    ["that puts the same changes nothing", [create()], put(PLAIN), NOTHING],
    [
      "that puts the whole takes away what it leaves out",
      [create({ ...PLAIN, description: "CRM" })],
      put(PLAIN),
      { changes: [{ type: "endpoint_changed", change: { set: { description: null } } }] },
    ],
    [
      "that changes a field leaves the others out",
      [create()],
      change({ url: "https://b.example.com/", agents: ["*"] }),
      { changes: [{ change: { set: { url: "https://b.example.com/" } } }] },
    ],
    [
      "that takes away what is not there changes nothing",
      [create()],
      change({ order: null }),
      NOTHING,
    ],
    [
      "with headers in another order changes nothing",
      [create({ ...PLAIN, headers: { a: "1", b: "2" } })],
      change({ headers: { b: "2", a: "1" } }),
      NOTHING,
    ],
    [
      "with agents in another order changes them",
      [create({ ...PLAIN, agents: ["a", "b"] })],
      change({ agents: ["b", "a"] }),
      { changes: [{ type: "endpoint_changed" }] },
    ],
    ["with the same uid is carried out", [create(PLAIN, "crm")], change({}, "crm"), NOTHING],
    [
      "with another uid is not",
      [create(PLAIN, "crm")],
      change({}, "x"),
      { ...rejected("uid_differs"), uid: "crm" },
    ],
    ["gives no uid later", [create()], put(PLAIN, false, "x"), rejected("uid_differs")],
    [
      "pauses",
      [create()],
      PAUSE,
      { changes: [{ change: { switch: "paused", while_off: "hold" } }] },
    ],
    ["pauses once", [create(), PAUSE], PAUSE, NOTHING],
    ["resumes what is on", [create()], RESUME, NOTHING],
    [
      "says since when events were held",
      [create(), PAUSE],
      RESUME,
      { heldSince: expect.any(String) },
    ],
    [
      "enables what is paused",
      [create(), PAUSE],
      ENABLE,
      { changes: [{ change: { switch: "on" } }] },
    ],
    ["pauses nothing that is disabled", [create(), DISCARD], PAUSE, rejected("endpoint_disabled")],
    ["resumes nothing that is disabled", [create(), HOLD], RESUME, rejected("endpoint_disabled")],
    [
      "says of discarded events nothing",
      [create(), DISCARD],
      ENABLE,
      { changes: [{ change: { switch: "on" } }], heldSince: undefined },
    ],
    ["disables once", [create(), HOLD], HOLD, NOTHING],
    ["may discard what was held", [create(), HOLD], DISCARD, { changes: [{}] }],
    ["does not set the newest secret again", [create()], rotate("first"), NOTHING],
    [
      "adds no fifth secret",
      [create(), rotate("2"), rotate("3"), rotate("4")],
      rotate("5"),
      rejected("too_many_signing_secrets"),
    ],
    [
      "may end those before at once",
      [create(), rotate("2"), rotate("3")],
      rotate("4", NOW),
      { changes: [{}] },
    ],
    ["deletes", [create()], DELETE, { changes: [{ type: "endpoint_deleted", change: {} }] }],
  ])("%s", (_title, given, when, outcome) => {
    expect(decideEndpoint(when, stateAfter(...given))).toMatchObject(outcome);
  });

  test.each([change({}), DELETE, PAUSE, RESUME, ENABLE, HOLD, rotate("x")])(
    "for an endpoint that is not there is rejected: $kind",
    (command) => {
      for (const state of [stateAfter(), stateAfter(create(), DELETE)]) {
        expect(decideEndpoint(command, state)).toMatchObject(rejected("endpoint_not_found"));
      }
    },
  );

  test("is carried out under If-Match over that version only, and is not found where there is none", () => {
    const tags = entityTagsIn('"1"');
    if (tags.kind === "invalid") throw new Error("expected tags");
    expect(decideEndpoint(PAUSE, stateAfter(create()), tags)).toMatchObject({ kind: "accepted" });
    const later = stateAfter(create(), PAUSE);
    expect(decideEndpoint(RESUME, later, tags)).toMatchObject({
      ...rejected("precondition_failed"),
      version: 2,
    });
    expect(decideEndpoint(PAUSE, stateAfter(), tags)).toMatchObject(rejected("endpoint_not_found"));
    expect(decideEndpoint(create(), stateAfter(), tags)).toMatchObject(
      rejected("precondition_failed"),
    );
  });
});

const settings: fc.Arbitrary<WholeSettings> = fc.record(
  {
    url: fc.constantFrom("https://a.example.com/", "https://b.example.com/?q=1"),
    method_type: fc.constantFrom("POST" as const, "PUT" as const),
    headers: fc.constantFrom<Record<string, string>[]>({}, { "X-A": "1", "X-B": "2" }),
    agents: fc.constantFrom(["*"], ["a1"], ["a1", "a2"]),
    event_types: fc.constantFrom(["*"], ["call_*", "kyc_done"]),
    description: fc.constantFrom("CRM", "Archive"),
    metadata: fc.constantFrom<Record<string, string>[]>({ team: "a" }, { team: "b" }),
    delivery: fc.constantFrom({ timeout: "10s" }, { retry_delays: [] }),
    order: fc.constant({ by: "call", on_failure: "wait", max_wait: "10m" } as const),
  },
  { requiredKeys: ["url", "method_type", "headers", "agents", "event_types"] },
);
const set: fc.Arbitrary<EndpointSettings> = fc
  .tuple(settings, fc.array(fc.constantFrom("description", "metadata", "delivery", "order")))
  .map(([some, gone]) => ({ ...some, ...Object.fromEntries(gone.map((name) => [name, null])) }));
const operation: fc.Arbitrary<SwitchOperation> = fc.oneof(
  fc.constantFrom("enable" as const, "resume" as const, "pause" as const).map((name) => ({ name })),
  fc
    .constantFrom("hold" as const, "discard" as const)
    .map((events) => ({ name: "disable" as const, events })),
);
const uid = fc.constantFrom(undefined, undefined, "crm", "other");
const anyCommand: fc.Arbitrary<EndpointCommand> = fc.oneof(
  fc.tuple(settings, uid).map(([one, id]) => create(one, id)),
  fc.tuple(settings, fc.boolean(), uid).map(([one, isUid, id]) => put(one, isUid, id)),
  fc.tuple(set, uid).map(([one, id]) => change(one, id)),
  { weight: 3, arbitrary: operation.map(switchBy) },
  fc.tuple(fc.string(), fc.constantFrom(NOW, LATER)).map(([id, at]) => rotate(id, at)),
  fc.constant(DELETE),
);
const history = fc.array(anyCommand, { maxLength: 30 });

describe("over any history", () => {
  test("each message carries the state that folding all messages up to it gives", () => {
    fc.assert(
      fc.property(history, (commands) => {
        let folded: EndpointState = INITIAL_ENDPOINT_STATE;
        for (const [n, event] of carryOut(commands).events.entries()) {
          folded = evolveEndpoint(folded, event);
          expect(endpointAfter(event)).toEqual(folded);
          expect(event.version).toBe(n + 1);
        }
      }),
    );
  });

  test("a command that was carried out changes nothing when it comes again", () => {
    const repeatable = anyCommand.filter(({ kind }) => kind !== "create_endpoint");
    fc.assert(
      fc.property(history, repeatable, (commands, command) => {
        const state = stateAfter(...commands);
        if (decideEndpoint(command, state).kind === "rejected" || command === DELETE) return;
        const after = carryOut([...commands, command]).state;
        const again = decideEndpoint(command, after);
        // Its secret has another position by now where it was the newest before: that is no change either.
        expect(again).toMatchObject(NOTHING);
      }),
    );
  });

  test("what is set is what the endpoint has, and what is not named stays", () => {
    fc.assert(
      fc.property(history, set, (commands, wanted) => {
        const before = stateAfter(...commands);
        const after = stateAfter(...commands, change(wanted));
        if (before.kind === "absent" || after.kind === "absent") return;
        const expected = { ...before.endpoint, ...wanted, updated_at: after.endpoint.updated_at };
        const kept = Object.entries(expected).filter(
          ([name, value]) => value !== null && name !== "signing",
        );
        const { signing: _keys, ...found } = after.endpoint;
        expect(found).toEqual(Object.fromEntries(kept));
      }),
    );
  });

  test("events are held exactly while an endpoint is off and does not discard them", () => {
    fc.assert(
      fc.property(history, (commands) => {
        const { state } = carryOut(commands);
        if (state.kind === "absent") return;
        const { switch: is, while_off, held_since } = state.endpoint;
        expect(while_off === undefined).toBe(is === "on");
        expect(held_since !== undefined).toBe(while_off === "hold");
      }),
    );
  });

  test("at most four secrets sign, and at least one does", () => {
    fc.assert(
      fc.property(history, (commands) => {
        const { state } = carryOut(commands);
        if (state.kind === "absent") return;
        const { length } = state.endpoint.signing ?? [];
        expect(length).toBeGreaterThan(0);
        expect(length).toBeLessThanOrEqual(MAX_SIGNING_KEYS);
      }),
    );
  });
});
