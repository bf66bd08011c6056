import {
  evolve,
  INITIAL_AGENT_STATE,
  type AgentState,
  type ConfigurationChange,
} from "@ringback/contracts/agents/agent";
import type { EventType } from "@ringback/contracts/events/event-types";
import { MAX_SIGNING_KEYS, type SigningKey } from "@ringback/contracts/secrets/signing-key";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { describe, expect, test } from "vitest";
import { decide, type Command } from "./edit.ts";
import type { NamedTypes } from "./signing.ts";

const IDS = { workspace_id: "acme", agent_id: "bob" };
const START_MS = Date.parse("2026-01-01T00:00:00.000Z");
const at = (hour: number): string => new Date(START_MS + hour * 3_600_000).toISOString();

const subscription = (event_type: EventType): Subscription => ({
  event_type,
  callback_url: "https://a.example.com/",
  headers: {},
  method_type: "POST",
});
const registered: ConfigurationChange = {
  type: "agent_registered",
  change: { ...IDS, agent_display_name: "Bob" },
};
const subscribed: ConfigurationChange = {
  type: "event_subscriptions_edited",
  change: {
    set: [subscription("call_completed"), subscription("recording_completed")],
    removed: [],
  },
};

const key = (hour: number, secret = `whsec_${hour}`): SigningKey => ({
  id: `key-${hour}`,
  scheme: "v1",
  secret,
  created_at: at(hour),
});
const rotate = (
  event_types: NamedTypes,
  hour: number,
  { overlap = 24, secret }: { overlap?: number; secret?: string } = {},
): Command => ({
  kind: "rotate_signing_secret",
  agent: IDS,
  event_types,
  key: key(hour, secret),
  former_expire_at: at(hour + overlap),
});
const remove = (event_types: NamedTypes): Command => ({
  kind: "remove_signing_secret",
  agent: IDS,
  event_types,
});
const rotated = (types: EventType[], hour: number, overlap = 24): ConfigurationChange => ({
  type: "signing_secret_rotated",
  change: {
    set: types.map((event_type) => ({ event_type, key: key(hour) })),
    former_expire_at: at(hour + overlap),
  },
});

const after = (...changes: ConfigurationChange[]): AgentState =>
  changes.reduce<AgentState>(
    (state, change) => evolve(state, { ...change, occurred_at: at(0) }),
    INITIAL_AGENT_STATE,
  );
const accepted = (...changes: ConfigurationChange[]) => ({
  kind: "accepted",
  changes,
});
const BOTH: EventType[] = ["call_completed", "recording_completed"];

const removed = (event_types: EventType[]): ConfigurationChange => ({
  type: "signing_secret_removed",
  change: { event_types },
});

describe("rotating", () => {
  test("one change sets the same new key for all subscriptions, or for the named ones", () => {
    const state = after(registered, subscribed);
    expect(decide(rotate("all", 1), state)).toEqual(accepted(rotated(BOTH, 1)));
    const one = decide(rotate(["recording_completed"], 1), state);
    expect(one).toEqual(accepted(rotated(["recording_completed"], 1)));
  });

  test("where one named type has no subscription nothing is done", () => {
    const types: EventType[] = ["call_completed", "client_analysis_completed"];
    expect(decide(rotate(types, 1), after(registered, subscribed))).toEqual({
      kind: "rejected",
      code: "subscription_not_found",
      missing: ["client_analysis_completed"],
    });
  });

  test("an agent without subscriptions has nothing to sign", () => {
    const nothing = { kind: "rejected", code: "subscription_not_found", missing: [] };
    expect(decide(rotate("all", 1), after(registered))).toEqual(nothing);
  });

  test.each([rotate("all", 1), remove("all")])("an unknown agent is not found: $kind", (when) => {
    expect(decide(when, INITIAL_AGENT_STATE)).toEqual({
      kind: "rejected",
      code: "agent_not_found",
    });
  });

  test("a secret that is the newest one already changes nothing, and is set where it is not", () => {
    const state = after(registered, subscribed, rotated(["call_completed"], 1));
    const again = rotate(["call_completed"], 2, { secret: "whsec_1" });
    expect(decide(again, state)).toEqual(accepted());
    expect(decide(rotate("all", 2, { secret: "whsec_1" }), state)).toMatchObject({
      changes: [{ change: { set: [{ event_type: "recording_completed" }] } }],
    });
  });

  test("no more keys sign at once than are allowed; without an overlap there is always room", () => {
    const hours = Array.from({ length: MAX_SIGNING_KEYS }, (_, n) => n);
    const full = after(registered, subscribed, ...hours.map((h) => rotated(["call_completed"], h)));
    expect(decide(rotate("all", 5), full)).toEqual({
      kind: "rejected",
      code: "too_many_signing_secrets",
      event_types: ["call_completed"],
    });
    expect(decide(rotate("all", 5, { overlap: 0 }), full)).toMatchObject({ kind: "accepted" });
    // The first one was given its end by the second, at hour 1.
    expect(decide(rotate("all", 25), full)).toMatchObject({ kind: "accepted" });
    expect(decide(rotate(["recording_completed"], 5), full)).toMatchObject({ kind: "accepted" });
  });
});

describe("removing", () => {
  test("the named types, or all that have keys, lose them", () => {
    const state = after(registered, subscribed, rotated(BOTH, 1));
    expect(decide(remove("all"), state)).toEqual(accepted(removed(BOTH)));
    const one = decide(remove(["call_completed", "client_analysis_completed"]), state);
    expect(one).toEqual(accepted(removed(["call_completed"])));
  });

  test("a type without a key, or without a subscription, changes nothing", () => {
    const state = after(registered, subscribed, rotated(["call_completed"], 1));
    expect(decide(remove(["recording_completed", "client_analysis_completed"]), state)).toEqual(
      accepted(),
    );
    expect(decide(remove("all"), after(registered))).toEqual(accepted());
  });
});

test("a subscription that is sent as it is changes nothing, whether it is signed or not", () => {
  const edit: Command = {
    kind: "edit_event_subscriptions",
    agent: IDS,
    event_subscriptions: [subscription("call_completed"), subscription("recording_completed")],
    mode: "replace",
    on_conflict: "overwrite",
    if_absent: "reject",
    at: at(2),
  };
  const state = after(registered, subscribed, rotated(["call_completed"], 1));
  expect(decide(edit, state)).toMatchObject({ kind: "accepted", changes: [] });
});
