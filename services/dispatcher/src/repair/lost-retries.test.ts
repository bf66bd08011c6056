import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { randomUUID } from "node:crypto";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { retryHeaders } from "@ringback/contracts/deliveries/retry-message";
import { dueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { attemptSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import { closeNats, connectNats, type Nats } from "@ringback/runtime/nats/connection";
import { publishOnce } from "@ringback/runtime/nats/publish";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { createMetrics } from "@ringback/runtime/telemetry/metrics";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ADDRESS, attemptRecord } from "../../../../test/harness/fixtures/records.ts";
import { withFailingCalls, type Fault } from "../../../../test/harness/nats/failing-calls.ts";
import { startNatsServer, type NatsServer } from "../../../../test/harness/nats/nats-server.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { readDispatcherSettings } from "../config.ts";
import { dispatcherMetrics } from "../metrics.ts";
import { natsDeliveryStore, type DeliveryStore } from "../settle/delivery-store.ts";
import { eventExpired } from "../settle/dead-letter.ts";
import { nextRetry } from "../settle/next-step.ts";
import { REPAIR_POLICY } from "./decide/due.ts";
import { lostRetries } from "./lost-retries.ts";
import type { RepairDeps, Repairs } from "./repairs.ts";

failOnLeaks();

const log = createLogger("test", "silent");

let server: NatsServer;
let nats: Nats;

const storeOn = (client: Nats): DeliveryStore =>
  natsDeliveryStore({
    nats: client,
    eventsOrigin: createdAt(1_000),
    due: { subjectOf: dueRetrySubject },
    clock: { aheadMs: () => 0 },
    log,
    signal: new AbortController().signal,
  });

beforeAll(async () => {
  server = await startNatsServer();
  const settings = readDispatcherSettings({
    NATS_URL: server.url,
    ALLOW_PLAINTEXT_HEADERS: "true",
  });
  nats = await connectNats(settings, "test-repair", log, () => undefined);
  const signal = new AbortController().signal;
  const options = { management: settings.STREAM_MANAGEMENT, recreate: settings.MAKE_LOST_STREAMS };
  await ensureStreams(nats.jsm, wantedStreams(settings), { log, signal, ...options });
});

afterAll(async () => {
  await closeNats(nats);
  await server.stop();
});

beforeEach(async () => {
  for (const stream of [STREAMS.attempts, STREAMS.retries, STREAMS.deadLetters])
    await nats.jsm.streams.purge(stream);
});

const MINUTE_MS = 60_000;
const WHOLE = [() => true, new AbortController().signal] as const;

/** Found missing once it was due 30 s ago, and confirmed a moment later. */
const policy = { ...REPAIR_POLICY, confirmAfterMs: 20 };

const clock = { nowMs: 0 };
const metrics = dispatcherMetrics(createMetrics("1"));

/** A new leader's rounds; what is named in `over` is another. */
const lead = async (over: Partial<RepairDeps> = {}) => {
  const round = await lostRetries({
    nats,
    store: storeOn(over.nats ?? nats),
    metrics,
    log,
    policy,
    operatorsPolicy: { retry: { delaysMs: [10_000], jitter: 0.1 } },
    now: () => clock.nowMs,
    ...over,
  });
  return round ?? Promise.reject(new Error("there are no records"));
};

const noRepairs = (): Repairs => ({ maxOverdueMs: 0, overdue: 0, missing: 0, example: undefined });

/** Runs one round, and returns what it published again. */
const repairsOf = async (round: Awaited<ReturnType<typeof lead>>, ...args: typeof WHOLE | []) => {
  const repairs = noRepairs();
  const [canGoOn, stopping] = args.length === 0 ? WHOLE : args;
  await round(repairs, canGoOn, stopping);
  return repairs;
};

const DELAY_MS = 1_000;

/** The record of a failed attempt whose retry is due a second later. */
const failed = (attempt = 1): AttemptRecord => {
  const atMs = Date.now();
  return attemptRecord({
    attempt,
    at: new Date(atMs).toISOString(),
    outcome: { kind: "failed", reason: "status", status_code: 500 },
    next: { kind: "retry", at: new Date(atMs + DELAY_MS).toISOString(), attempts_left: 2 },
  });
};

const store = async (record: AttemptRecord, deliveryId = "7"): Promise<void> => {
  await nats.js.publish(attemptSubject(ADDRESS, deliveryId), JSON.stringify(record));
};

/** Stores the record, and goes to a time at which its retry must have come. */
const lose = async (): Promise<AttemptRecord> => {
  const record = failed();
  await store(record);
  clock.nowMs = Date.now() + MINUTE_MS;
  return record;
};

const pending = (deliveryId = "7") => storeOn(nats).pendingRetry({ address: ADDRESS, deliveryId });

describe("a retry that RETRIES does not have", () => {
  test("is scheduled again as its record says, once, whoever leads", async () => {
    const record = await lose();
    const first = await lead();
    expect(await repairsOf(first)).toMatchObject({ missing: 1, overdue: 0 });
    const found = await pending();
    expect(found).toMatchObject({
      kind: "pending",
      retry: { deliveryId: "7", attempt: 2, dueMs: Date.parse(record.at) + DELAY_MS },
    });
    clock.nowMs += 10 * MINUTE_MS;
    for (const round of [first, await lead()]) expect((await repairsOf(round)).missing).toBe(0);
    expect(await pending()).toEqual(found);
  });

  test.each<Fault>(["before", "after"])(
    "is scheduled once, whichever call gets no reply (%s), by the next round",
    async (fault) => {
      let faults = 0;
      for (let n = 1; faults === n - 1; n += 1) {
        await nats.jsm.streams.purge(STREAMS.retries);
        await lose();
        const isFaulty = (call: number): boolean => call === n && (faults += 1) > 0;
        const cut = withFailingCalls(nats, (call) => (isFaulty(call) ? fault : undefined));
        const round = await lead({ nats: cut });
        await repairsOf(round).catch(() => undefined);
        clock.nowMs += 2 * MINUTE_MS;
        await repairsOf(round);
        expect(await pending()).toMatchObject({ kind: "pending", retry: { attempt: 2 } });
        const { state } = await nats.jsm.streams.info(STREAMS.retries);
        expect(state.messages).toBe(1);
      }
      expect(faults).toBeGreaterThan(4);
    },
  );

  test("is left alone by a process that leads no more when it is confirmed", async () => {
    await lose();
    let isLeader = true;
    const stopping = new AbortController();
    const ending = {
      ...policy,
      // The process stops while it waits for an hour to confirm.
      get confirmAfterMs() {
        isLeader = false;
        setImmediate(() => stopping.abort());
        return 3_600_000;
      },
    };
    const round = await lead({ policy: ending });
    const ended = repairsOf(round, () => isLeader, stopping.signal);
    expect((await ended).missing).toBe(0);
    expect((await pending()).kind).toBe("none");
  });

  test("is not scheduled again once its event has expired, and its page is not read for it again", async () => {
    const record = await lose();
    const ended = { address: ADDRESS, eventSeq: record.event_seq, deliveryId: "7" };
    const real = storeOn(nats);
    const gone = eventExpired({ ...ended, attempt: 2, dueMs: 0, deferrals: 0 }, record, {
      store: real,
      now: () => 0,
    });
    await real.storeDeadLetter(gone, "0");
    let looks = 0;
    const isDeadLettered: DeliveryStore["isDeadLettered"] = (one) => {
      looks += 1;
      return real.isDeadLettered(one);
    };
    const round = await lead({ store: { ...real, isDeadLettered } });
    for (let minute = 0; minute < 3; minute += 1) {
      expect((await repairsOf(round)).missing).toBe(0);
      clock.nowMs += MINUTE_MS;
    }
    expect(looks).toBe(1);
    expect((await pending()).kind).toBe("none");
  });

  test("waits for the next round where this one has published enough", async () => {
    await lose();
    const round = await lead();
    const full = { ...noRepairs(), missing: 2_000, overdue: 2_000 };
    await round(full, ...WHOLE);
    expect(full.missing).toBe(2_000);
    expect(await repairsOf(round)).toMatchObject({ missing: 1 });
  });
});

/** What happens between the scan and its confirmation. */
const meanwhile = (act: () => Promise<unknown>): Pick<RepairDeps, "store"> => {
  const real = storeOn(nats);
  const pendingRetry: DeliveryStore["pendingRetry"] = async (...args) => {
    await act();
    return real.pendingRetry(...args);
  };
  return { store: { ...real, pendingRetry } };
};

describe("a retry that a replica did not have, and the leader has", () => {
  test.each([
    [
      "its schedule was about to be stored",
      async () => {
        const record = failed();
        await storeOn(nats).scheduleRetry(nextRetry(record, "7", "2099-01-01T00:00:00.000Z"));
      },
      { kind: "pending", retry: { dueMs: Date.parse("2099-01-01T00:00:00.000Z") } },
    ],
    [
      "it is due, and in work",
      async () => {
        const retry = nextRetry(failed(), "7", "2026-01-01T00:00:00.000Z");
        await publishOnce(nats, {
          stream: STREAMS.retries,
          subject: dueRetrySubject(ADDRESS, "7"),
          body: "",
          messageId: randomUUID(),
          headers: retryHeaders(retry),
        });
      },
      { kind: "pending", state: "due" },
    ],
    [
      "its record was about to be stored",
      () => store(attemptRecord({ attempt: 2, trigger: "retry" })),
      { kind: "none" },
    ],
  ])("is left alone: %s", async (_what, act, expected) => {
    await lose();
    expect((await repairsOf(await lead(meanwhile(act)))).missing).toBe(0);
    expect(await pending()).toMatchObject(expected);
  });

  test("is left alone where its schedule is stored between the confirmation and the publish", async () => {
    await lose();
    const real = storeOn(nats);
    const later = nextRetry(failed(), "7", "2099-01-01T00:00:00.000Z");
    const readLastRecord: DeliveryStore["readLastRecord"] = async (...args) => {
      const last = await real.readLastRecord(...args);
      await real.scheduleRetry(later);
      return last;
    };
    const round = await lead({ store: { ...real, readLastRecord } });
    expect((await repairsOf(round)).missing).toBe(0);
    expect(await pending()).toMatchObject({ retry: { dueMs: later.dueMs } });
  });
});

describe("the records that are looked through", () => {
  test("are those from the longest delay and an hour ago on; without any there is nothing to do", async () => {
    const deps = { now: () => Date.now() + 30 * 24 * 60 * MINUTE_MS };
    await expect(lead()).rejects.toThrow("there are no records");
    await lose();
    await expect(lead(deps)).rejects.toThrow("there are no records");
  });

  test("are looked at again once a retry of theirs is overdue, not before, and not all the time", async () => {
    await store(failed());
    clock.nowMs = Date.now();
    let reads = 0;
    const counted: Nats = { ...nats };
    Object.defineProperty(counted, "connection", {
      get: () => {
        reads += 1;
        return nats.connection;
      },
    });
    const round = await lead({ nats: counted, store: storeOn(nats) });
    expect((await repairsOf(round)).missing).toBe(0);
    const readsOfFirst = reads;
    expect((await repairsOf(round)).missing).toBe(0);
    expect(reads).toBe(readsOfFirst);
    clock.nowMs += MINUTE_MS;
    expect((await repairsOf(round)).missing).toBe(1);
  });

  test("lead to nothing where the last one of a delivery ends it, or is none that can be read", async () => {
    await store(failed());
    await store(attemptRecord({ attempt: 2, trigger: "retry" }));
    await nats.js.publish(attemptSubject(ADDRESS, "8"), '{"next": {"kind": "retry"}');
    clock.nowMs = Date.now() + MINUTE_MS;
    expect((await repairsOf(await lead())).missing).toBe(0);
  });
});
