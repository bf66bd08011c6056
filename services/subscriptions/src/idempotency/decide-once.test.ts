import type { RequestRecord } from "@ringback/contracts/streams/request-record";
import { expect, test } from "vitest";
import type { RequestStore } from "./request-store.ts";
import { decideOnce } from "./decide-once.ts";

const KEY = { keyHash: "a".repeat(64), requestHash: "b".repeat(64) };
const ONCE = { workspaceId: "w1", key: KEY };

/** REQUESTS as far as one key needs it; `beforeAppend` is what another process does in between. */
const requestsWith = (beforeAppend: (note: (record: RequestRecord) => void) => void = () => {}) => {
  let last: { record: RequestRecord; seq: number } | undefined;
  const note = (record: RequestRecord): void => {
    last = { record, seq: (last?.seq ?? 0) + 1 };
  };
  const store: RequestStore = {
    read: async () => last,
    append: async (_, record, lastSeq) => {
      beforeAppend(note);
      if ((last?.seq ?? 0) !== lastSeq) return { kind: "conflict" };
      note(record);
      return { kind: "stored", seq: 1 };
    },
  };
  return store;
};

const now = () => new Date("2026-01-01T00:00:00Z");
const read = (noted: unknown) => noted as { n: number };

/** Decides 1, 2, … */
const counting = () => {
  let n = 0;
  return async () => ({ kind: "decided", decided: { n: (n += 1) } }) as const;
};

test("without a key each request is decided anew", async () => {
  const [requests, decide] = [requestsWith(), counting()];
  for (const n of [1, 2]) {
    const result = await decideOnce({ workspaceId: "w1", key: undefined }, decide, read, {
      requests,
      now,
    });
    expect(result).toEqual({ kind: "decided", decided: { n }, isRepeat: false });
  }
});

test("with a key the first decision stays, and later ones say that they are repeats", async () => {
  const [requests, decide] = [requestsWith(), counting()];
  for (const isRepeat of [false, true, true]) {
    const result = await decideOnce(ONCE, decide, read, { requests, now });
    expect(result).toEqual({ kind: "decided", decided: { n: 1 }, isRepeat });
  }
});

test("of two at the same time the one that was stored first counts", async () => {
  const theirs: RequestRecord = {
    kind: "pinned",
    request_hash: KEY.requestHash,
    at: "2026-01-01T00:00:00Z",
    decided: { n: 7 },
  };
  const requests = requestsWith((note) => note(theirs));
  const result = await decideOnce(ONCE, counting(), read, { requests, now });
  expect(result).toEqual({ kind: "decided", decided: { n: 7 }, isRepeat: true });
});

test("a key that stands for another request, or for a change of an agent, is refused", async () => {
  const [requests, decide] = [requestsWith(), counting()];
  await decideOnce(ONCE, decide, read, { requests, now });
  const other = { ...KEY, requestHash: "c".repeat(64) };
  const result = await decideOnce({ ...ONCE, key: other }, decide, read, { requests, now });
  expect(result).toMatchObject({ rejection: { kind: "key_reused" } });
  const claimed = { kind: "released", request_hash: KEY.requestHash, agent_id: "a1", after_seq: 0 };
  const ofAgent = { ...requests, read: async () => ({ record: claimed as RequestRecord, seq: 1 }) };
  const again = await decideOnce(ONCE, decide, read, { requests: ofAgent, now });
  expect(again).toMatchObject({ rejection: { kind: "key_reused" } });
});

test("a rejection uses up no key: the same request is decided again", async () => {
  const requests = requestsWith();
  const rejected = { kind: "rejected", rejection: { kind: "in_progress" } } as const;
  const refuse = async () => rejected;
  expect(await decideOnce(ONCE, refuse, read, { requests, now })).toEqual(rejected);
  const result = await decideOnce(ONCE, counting(), read, { requests, now });
  expect(result).toMatchObject({ decided: { n: 1 }, isRepeat: false });
});
