import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { endpointMessage, endpointOf } from "../../../../test/harness/fixtures/endpoints.ts";
import type { SigningKey } from "../secrets/signing-key.ts";
import {
  ENDPOINT_EVENT_TYPES,
  endpointEventSchema,
  evolveEndpoint,
  INITIAL_ENDPOINT_STATE,
  readEndpointState,
  type EndpointChange,
  type EndpointState,
} from "./endpoint-event.ts";

const ENDPOINT = endpointOf("ep_aaaaaaaaaaaaaaaa");
const KEY: SigningKey = {
  id: "k1",
  scheme: "v1",
  secret: "whsec_1",
  created_at: "2026-01-01T00:00:00.000Z",
};

const at = (minute: number): string => `2026-01-01T00:0${minute}:00.000Z`;

const after = (...changes: readonly EndpointChange[]): EndpointState =>
  changes.reduce<EndpointState>(
    (state, change, n) => evolveEndpoint(state, { ...change, occurred_at: at(n) }),
    INITIAL_ENDPOINT_STATE,
  );

const { created_at: _c, updated_at: _u, switched_at: _s, ...created } = ENDPOINT;
const CREATED: EndpointChange = { type: "endpoint_created", change: created };

const present = (state: EndpointState) => {
  if (state.kind !== "present") throw new Error("expected an endpoint");
  return state.endpoint;
};

test("an endpoint is as it was created, with the times of its creation", () => {
  const times = { created_at: at(0), updated_at: at(0), switched_at: at(0) };
  expect(after(CREATED)).toEqual({
    kind: "present",
    version: 1,
    endpoint: { ...created, ...times },
  });
});

test("a change sets what it names, and null takes a setting away", () => {
  const set = { url: "https://y.example.com/", description: "CRM", filter: '{"data":{}}' };
  const changed: EndpointChange = { type: "endpoint_changed", change: { set } };
  const cleared: EndpointChange = {
    type: "endpoint_changed",
    change: { set: { filter: null, description: null } },
  };
  expect(present(after(CREATED, changed))).toMatchObject({ ...set, updated_at: at(1) });
  const last = present(after(CREATED, changed, cleared));
  expect(last.url).toBe(set.url);
  expect(Object.keys(last)).not.toContain("filter");
  expect(Object.keys(last)).not.toContain("description");
});

test("a switch says since when, and what becomes of events meanwhile", () => {
  const off: EndpointChange = {
    type: "endpoint_switched",
    change: { switch: "disabled", while_off: "hold" },
  };
  const on: EndpointChange = { type: "endpoint_switched", change: { switch: "on" } };
  expect(present(after(CREATED, off))).toMatchObject({
    switch: "disabled",
    while_off: "hold",
    switched_at: at(1),
  });
  expect(present(after(CREATED, off, on))).toMatchObject({ switch: "on", switched_at: at(2) });
  expect(present(after(CREATED, off, on))).not.toHaveProperty("while_off");
});

const to = (set: "on" | "paused" | "disabled", while_off?: "hold" | "discard") =>
  ({
    type: "endpoint_switched",
    change: { switch: set, ...(while_off && { while_off }) },
  }) satisfies EndpointChange;

test("events are held from the first switch that holds them, however it is switched while it is off", () => {
  const paused = to("paused", "hold");
  expect(present(after(CREATED, paused))).toMatchObject({ held_since: at(1) });
  expect(present(after(CREATED, paused, to("disabled", "hold")))).toMatchObject({
    switched_at: at(2),
    held_since: at(1),
  });
  for (const last of [to("disabled", "discard"), to("on")]) {
    expect(present(after(CREATED, paused, last))).not.toHaveProperty("held_since");
  }
});

test("a rotated secret signs beside the one before until that expires, and then alone", () => {
  const rotation = (id: string): EndpointChange => ({
    type: "endpoint_secret_rotated",
    change: { key: { ...KEY, id }, former_expire_at: at(3) },
  });
  const two = after(CREATED, rotation("k1"), rotation("k2"));
  expect(present(two).signing).toMatchObject([{ id: "k2" }, { id: "k1", expires_at: at(3) }]);
  const third = evolveEndpoint(two, { ...rotation("k3"), occurred_at: at(4) });
  expect(present(third).signing?.map(({ id }) => id)).toEqual(["k3"]);
});

test("a deleted endpoint may be created again, and its versions go on", () => {
  const deleted: EndpointChange = { type: "endpoint_deleted", change: {} };
  expect(after(CREATED, deleted)).toEqual({ kind: "absent", version: 2 });
  expect(after(CREATED, deleted, CREATED)).toMatchObject({ kind: "present", version: 3 });
  expect(() => after(deleted)).toThrow("not there");
  expect(() => after(CREATED, CREATED)).toThrow("that is there");
});

test("secrets sealed anew change nothing that the owner sees", () => {
  const reencrypted: EndpointChange = { type: "endpoint_reencrypted", change: {} };
  expect(present(after(CREATED, reencrypted))).toEqual(present(after(CREATED)));
});

const AT = { workspaceId: "w1", endpointId: ENDPOINT.endpoint_id };

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

test("the state is read from a message, also of a later version with more in it", () => {
  const message = { ...endpointMessage(ENDPOINT, 3), later: true };
  expect(endpointEventSchema.safeParse(message).success).toBe(true);
  expect(readEndpointState(AT, bytes(message))).toEqual({
    kind: "state",
    state: { kind: "present", version: 3, endpoint: ENDPOINT },
  });
  expect(readEndpointState(AT, bytes({ ...message, type: "endpoint_sung" }))).toMatchObject({
    kind: "state",
  });
  expect(readEndpointState(AT, bytes(endpointMessage(null, 4)))).toEqual({
    kind: "state",
    state: { kind: "absent", version: 4 },
  });
});

test.each([
  ["not JSON", Buffer.from("{")],
  ["version", bytes({ ...endpointMessage(ENDPOINT), version: 0 })],
  [
    "another one than the subject names",
    bytes(endpointMessage({ ...ENDPOINT, endpoint_id: "ep_bbbbbbbbbbbbbbbb" })),
  ],
  [
    "another one than the subject names",
    bytes(endpointMessage({ ...ENDPOINT, workspace_id: "w2" })),
  ],
  ["endpoint.url", bytes({ ...endpointMessage(ENDPOINT), endpoint: { ...ENDPOINT, url: 7 } })],
])("a message that cannot be read says what is wrong: %s", (expected, data) => {
  expect(readEndpointState(AT, data)).toMatchObject({
    kind: "invalid",
    message: expect.stringContaining(expected),
  });
});

test("each kind of change is known by its name", () => {
  expect(ENDPOINT_EVENT_TYPES).toEqual([
    "endpoint_created",
    "endpoint_changed",
    "endpoint_switched",
    "endpoint_secret_rotated",
    "endpoint_deleted",
    "endpoint_reencrypted",
  ]);
});
