import { Buffer } from "node:buffer";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { endpointSubject } from "@ringback/contracts/streams/endpoint-subject";
import { expect, test } from "vitest";
import {
  endpointId,
  endpointMessage,
  endpointOf,
  richEndpoint,
} from "../../../../test/harness/fixtures/endpoints.ts";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import { keptLog } from "../../../../test/harness/kept-log.ts";
import { knownWorkspaces } from "./known-workspaces.ts";
import { endpointEntries } from "./endpoint-entries.ts";

const ID = endpointId(1);
const AT = { workspaceId: "w1", endpointId: ID };

const messageOf = (endpoint: Endpoint | null, seq: number, at = AT) => ({
  subject: endpointSubject(at),
  seq,
  data: new Uint8Array(Buffer.from(JSON.stringify(endpointMessage(endpoint)))),
});

const withMessages = (...endpoints: readonly (Endpoint | null)[]) => {
  const { log, lines } = keptLog();
  const entries = endpointEntries(knownWorkspaces());
  for (const [n, endpoint] of endpoints.entries())
    entries.apply(messageOf(endpoint, n + 1), log, 0);
  return { entries, log, lines };
};

const chosenIds = (entries: ReturnType<typeof endpointEntries>, more: object = {}): string[] =>
  entries.choosing({ ...ADDRESS, ...more }).map(({ endpoint_id }) => endpoint_id);

test("an event finds the endpoints of its workspace that choose its agent and type", () => {
  const { entries } = withMessages(endpointOf(ID, { agents: ["a1"], event_types: ["call_*"] }));
  expect(chosenIds(entries)).toEqual([ID]);
  expect(chosenIds(entries, { workspaceId: "w2" })).toEqual([]);
  expect(chosenIds(entries, { agentId: "a2" })).toEqual([]);
  expect(chosenIds(entries, { eventType: "recording_completed" })).toEqual([]);
});

test.each(["paused", "disabled"] as const)(
  "one that is %s is known, and no event finds it",
  (to) => {
    const { entries } = withMessages(endpointOf(ID, { switch: to }));
    expect(chosenIds(entries)).toEqual([]);
    expect(entries.get(AT)?.switch).toBe(to);
    expect(entries.count()).toBe(1);
  },
);

test("the last message counts, also where an older one is read again", () => {
  const { entries, log } = withMessages(endpointOf(ID), null);
  expect(chosenIds(entries)).toEqual([]);
  expect(entries.count()).toBe(0);
  entries.apply(messageOf(endpointOf(ID), 1), log, 0);
  expect(chosenIds(entries)).toEqual([]);
  entries.apply(messageOf(endpointOf(ID), 3), log, 0);
  expect(chosenIds(entries)).toEqual([ID]);
});

test("endpoints that were deleted take no room, however many come and go", () => {
  const { entries, log } = withMessages(endpointOf(ID));
  for (let n = 0; n < 1_000; n += 1) {
    const at = { workspaceId: `w${n % 2}`, endpointId: endpointId(n) };
    const endpoint = endpointOf(at.endpointId, { workspace_id: at.workspaceId });
    entries.apply(messageOf(endpoint, 2 * n + 2, at), log, n * 1_000);
    entries.apply(messageOf(null, 2 * n + 3, at), log, n * 1_000);
  }
  expect(entries.size()).toBeLessThan(70);
  expect(chosenIds(entries)).toEqual([]);
});

test("a message with the endpoint of another workspace, or another one, changes nothing", () => {
  const { entries, log, lines } = withMessages(endpointOf(ID));
  const wrong = [{ workspace_id: "w2" }, { endpoint_id: endpointId(2) }, { endpoint_id: "x" }];
  for (const [n, more] of wrong.entries()) {
    entries.apply(messageOf(endpointOf(ID, more), n + 2), log, 0);
  }
  expect(chosenIds(entries)).toEqual([ID]);
  expect(lines.filter((line) => line.includes("subscriptions.unreadable"))).toHaveLength(3);
});

test("a message that cannot be read is logged, and leaves the endpoint as it was", () => {
  const { entries, log, lines } = withMessages(endpointOf(ID));
  const broken = { ...messageOf(null, 2), data: new Uint8Array(Buffer.from("{")) };
  expect(entries.apply(broken, log, 0)).toBe(true);
  expect(chosenIds(entries)).toEqual([ID]);
  expect(lines.join()).toContain("subscriptions.unreadable");
});

test("a message on any other subject is another's", () => {
  const { entries, log } = withMessages();
  expect(entries.apply({ ...messageOf(null, 1), subject: "subscriptions.w1.a1" }, log, 0)).toBe(
    false,
  );
});

const WORKSPACES = 100;
const PER_WORKSPACE = 50;
const MAX_BYTES_EACH = 1.2 * 1024;

const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
};

test("an endpoint takes at most 1.2 KiB, whatever its customer sets", () => {
  const { log } = keptLog();
  const entries = endpointEntries(knownWorkspaces());
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < WORKSPACES * PER_WORKSPACE; n += 1) {
    const endpoint = richEndpoint(Math.floor(n / PER_WORKSPACE), n);
    const at = { workspaceId: endpoint.workspace_id, endpointId: endpoint.endpoint_id };
    entries.apply(messageOf(endpoint, n + 1, at), log, 0);
  }
  collectGarbage();
  const each = (process.memoryUsage().heapUsed - before) / entries.count();
  expect(each).toBeLessThan(MAX_BYTES_EACH);
});
