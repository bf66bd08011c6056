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
  const entries = endpointEntries();
  for (const [n, endpoint] of endpoints.entries()) entries.apply(messageOf(endpoint, n + 1), log);
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
  entries.apply(messageOf(endpointOf(ID), 1), log);
  expect(chosenIds(entries)).toEqual([]);
  entries.apply(messageOf(endpointOf(ID), 3), log);
  expect(chosenIds(entries)).toEqual([ID]);
});

test("a message that cannot be read is logged, and leaves the endpoint as it was", () => {
  const { entries, log, lines } = withMessages(endpointOf(ID));
  const broken = { ...messageOf(null, 2), data: new Uint8Array(Buffer.from("{")) };
  expect(entries.apply(broken, log)).toBe(true);
  expect(chosenIds(entries)).toEqual([ID]);
  expect(lines.join()).toContain("subscriptions.unreadable");
});

test("a message on any other subject is another's", () => {
  const { entries, log } = withMessages();
  expect(entries.apply({ ...messageOf(null, 1), subject: "subscriptions.w1.a1" }, log)).toBe(false);
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
  const entries = endpointEntries();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < WORKSPACES * PER_WORKSPACE; n += 1) {
    const endpoint = richEndpoint(Math.floor(n / PER_WORKSPACE), n);
    const at = { workspaceId: endpoint.workspace_id, endpointId: endpoint.endpoint_id };
    entries.apply(messageOf(endpoint, n + 1, at), log);
  }
  collectGarbage();
  const each = (process.memoryUsage().heapUsed - before) / entries.count();
  expect(each).toBeLessThan(MAX_BYTES_EACH);
});
