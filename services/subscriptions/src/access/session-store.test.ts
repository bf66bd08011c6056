import { accessSubject } from "@ringback/contracts/access/access-subject";
import { ACCESS_LIMITS } from "@ringback/contracts/access/access-record";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../../test/harness/eventually.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startStreams, type Streams } from "../../../../test/lists/streams.ts";
import { authenticate } from "../http/auth/authenticate.ts";
import { followAccess, knownCredentials, type AccessIndex } from "./access-index.ts";
import { accessStore } from "./access-store.ts";
import { sessionStore, type NewSession } from "./session-store.ts";

failOnLeaks();

const log = createLogger("test", "silent");
const systemTime = () => new Date();

/** One instance of the service, as far as sessions go; `aheadMs`: what its clock is ahead of the others'. */
const openInstance = (streams: Streams) => {
  const aheadMs = { value: 0 };
  const nowMs = () => Date.now() + aheadMs.value;
  const index = followAccess({ nats: streams.nats, onStreamLost: () => {}, log, nowMs });
  const now = () => new Date(nowMs());
  const sessions = sessionStore({ index, store: accessStore(streams.nats, index), now });
  const known = knownCredentials(() => new Map(), index);
  const whoHas = (token: string) =>
    authenticate({ authorization: `Bearer ${token}` }, known, nowMs());
  return { index, sessions, whoHas, aheadMs };
};

let streams: Streams;
let one: ReturnType<typeof openInstance>;
let other: ReturnType<typeof openInstance>;
beforeAll(async () => {
  streams = await startStreams();
  one = openInstance(streams);
  other = openInstance(streams);
  await Promise.all([one.index.caughtUp, other.index.caughtUp]);
});
afterAll(async () => {
  await Promise.all([one.index.stop(), other.index.stop()]);
  await streams.stop();
});

const portal = (workspace_id: string, more: Partial<NewSession> = {}): NewSession => ({
  kind: "portal",
  workspace_id,
  permissions: ["read", "test"],
  created_by: { actor: "person:ann@example.com" },
  expires_in_ms: 60_000,
  ...more,
});

const created = async (given: NewSession, by = one) => {
  const result = await by.sessions.create(given);
  if (result.kind !== "created") throw new Error(result.kind);
  return result;
};

/** Longer than a second on a busy machine; the test of two instances says how long it may take. */
const inTime = { timeoutMs: 10_000 };

test("a session that one instance made is known in both, and revoked in one it is known in none", async () => {
  const { token, session } = await created(portal("acme", { agents: ["a1"], name: "Ann" }));
  expect(token).toMatch(/^rbs_s[0-9a-f]{20}_[0-9a-f]{64}$/);
  const caller = one.whoHas(token);
  expect(caller).toMatchObject({ workspaceId: "acme", actor: `portal:${session.session_id}` });
  expect([...(caller?.permissions ?? [])].toSorted()).toEqual(["read", "test"]);
  expect(caller?.agents).toEqual(new Set(["a1"]));
  await eventually(() => expect(other.whoHas(token)).toBeDefined(), inTime);
  expect(other.sessions.list("acme")).toEqual([session]);
  expect(await other.sessions.revoke("elsewhere", session.session_id, "k")).toBe(false);
  expect(await other.sessions.revoke("acme", session.session_id, "k")).toBe(true);
  expect(other.whoHas(token)).toBeUndefined();
  await eventually(() => expect(one.whoHas(token)).toBeUndefined(), inTime);
  expect(one.sessions.list("acme")).toEqual([]);
  expect(await one.sessions.revoke("acme", session.session_id, "k")).toBe(false);
});

test("the stream holds the digest of a token, and never the token", async () => {
  const { token, session } = await created(portal("digest"));
  const subject = accessSubject({ workspaceId: "digest", kind: "session", id: session.session_id });
  const message = await streams.nats.jsm.streams.getMessage("ACCESS", { last_by_subj: subject });
  const text = new TextDecoder().decode(message?.data);
  expect(JSON.parse(text)).toEqual(session);
  expect(text).not.toContain(token.split("_")[2]);
});

test("a session ends by time in every instance, and the stream forgets it", async () => {
  const { token } = await created(portal("brief"));
  await eventually(() => expect(other.whoHas(token)).toBeDefined(), inTime);
  other.aheadMs.value = 61_000;
  expect(other.whoHas(token)).toBeUndefined();
  expect(other.sessions.list("brief")).toEqual([]);
  other.aheadMs.value = 0;
});

test("an operator's session is apart from those of a workspace that is named like a token", async () => {
  const { session } = await created(portal("*", { kind: "person", subject: "ann@example.com" }));
  expect(one.sessions.list("*")).toEqual([session]);
  expect(one.sessions.list("operators")).toEqual([]);
  expect(one.sessions.find("*", session.session_id)).toEqual(session);
  expect(one.sessions.find("acme", session.session_id)).toBeUndefined();
});

test("a session of a key that nobody knows is not valid", async () => {
  const made = portal("acme", { created_by: { actor: "gone", key_id: "gone" } });
  const { token, session } = await created(made);
  expect(one.whoHas(token)).toBeUndefined();
  await one.sessions.revoke("acme", session.session_id, "k");
});

test("two instances that add at the same time make no more than a workspace may have", async () => {
  const room = 10;
  const before = portal("full");
  const index: AccessIndex = {
    ...one.index,
    sessionsIn: (workspaceId) => {
      const [first] = one.index.sessionsIn(workspaceId);
      const filler = Array.from({ length: ACCESS_LIMITS.sessions - room - 1 }, () => first!);
      return [...filler, ...one.index.sessionsIn(workspaceId)];
    },
  };
  await created(before);
  const two = [index, { ...index, applied: other.index.applied }].map((each) =>
    sessionStore({ index: each, store: accessStore(streams.nats, each), now: systemTime }),
  );
  const results = await Promise.all(
    Array.from({ length: 30 }, (_, n) => two[n % 2]!.create(before)),
  );
  const kinds = results.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "created")).toHaveLength(room);
  expect(kinds.filter((kind) => kind === "too_many_sessions")).toHaveLength(30 - room);
});
