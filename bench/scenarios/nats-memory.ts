import { Buffer } from "node:buffer";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { jetstream, type JetStreamClient } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import {
  attemptSubject,
  type EventAddress,
  eventSubject,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import { scratchRoot } from "../../test/harness/process/orphan-reaper.ts";
import { residentMib } from "../cpu.ts";
import { atMost, figure } from "../figures.ts";
import { readHeapProfile } from "../heap-profile.ts";
import { type BenchNats, startNats } from "../nats.ts";
import type { Bench, Scenario } from "../scenario.ts";

const EVENT_BYTES = 3_072;
/** A record of an attempt at a usual endpoint. */
const RECORD_BYTES = 700;
const AT_ONCE = 500;
const READS = { full: 1_000, short: 20 };
/** Each retry reads its event; a busy installation has as many each second. */
const READS_PER_SECOND = 50;
/** Twice what the events of this scenario take by themselves, and less than they have bytes. */
const LIMIT_MIB = 200;

/**
 * What nats-server keeps in memory for each event and record, and what retries cost it: each reads an event that
 * may be of any age, and the server then loads the whole block around it, 8 MiB. Without GOMEMLIMIT, and with it.
 */
export const natsMemory: Scenario = {
  name: "nats-memory",
  longestMs: 6 * 60_000,
  run: async (bench) => {
    const unlimited = await measure(bench, undefined);
    const limited = await measure(bench, LIMIT_MIB);
    return [
      figure("live, for each event and its record", [unlimited.liveBytes], "bytes"),
      figure("resident, stored", [unlimited.storedMib], "MiB"),
      figure("resident, most, events read at random", [unlimited.mostMib], "MiB"),
      figure(
        `the same, GOMEMLIMIT=${LIMIT_MIB}MiB`,
        [limited.mostMib],
        "MiB",
        atMost(LIMIT_MIB * 1.1),
      ),
    ];
  },
};

type Measured = {
  readonly liveBytes: number;
  readonly storedMib: number;
  readonly mostMib: number;
};

const measure = async (bench: Bench, limitMib: number | undefined): Promise<Measured> => {
  const { options, natsServer, signal, say } = bench;
  const { isShort, events = isShort ? 2_000 : 100_000 } = options;
  const form = isShort ? "short" : "full";
  say(`${events} events, ${limitMib === undefined ? "no limit" : `GOMEMLIMIT=${limitMib}MiB`}`);
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(scratchRoot(), "bench-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const env = limitMib === undefined ? {} : { GOMEMLIMIT: `${limitMib}MiB` };
  const nats = stack.use(
    await startNats(natsServer, directory, signal, { args: ["--profile=-1"], env }),
  );
  const connection = await connect({ servers: nats.url, noAsyncTraces: true });
  stack.defer(() => connection.close());
  const js = jetstream(connection);
  const half = events / 2;
  await store(js, { from: 0, to: half }, signal);
  // From there on: what blocks are written with is there once, whatever is stored.
  const before = await heapOf(nats);
  await store(js, { from: half, to: events }, signal);
  const storedMib = residentMib(nats.pid);
  const full = await heapOf(nats);
  for (const { holder, bytes } of full.shares.slice(0, 6)) {
    say(`${(bytes / 1024 ** 2).toFixed(1)} MiB by ${holder}`);
  }
  const mostMib = await readAtRandom(nats, { events, reads: READS[form] }, signal);
  return {
    liveBytes: (full.liveBytes - before.liveBytes) / half,
    storedMib,
    mostMib,
  };
};

/** Events as producers publish them, with a message id, and a record of an attempt at each. */
const store = async (
  js: JetStreamClient,
  { from: first, to }: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<void> => {
  const event = Buffer.alloc(EVENT_BYTES, "e");
  const record = Buffer.alloc(RECORD_BYTES, "r");
  for (let from = first; from < to; from += AT_ONCE) {
    signal.throwIfAborted();
    const many = Math.min(AT_ONCE, to - from);
    const answers = Array.from({ length: many }, async (_none, at) => {
      const address = addressOf(from + at);
      const { workspaceId, callId, agentId, eventType } = address;
      const msgID = `${workspaceId}:${agentId}:${callId}:${eventType}:0`;
      const { seq } = await js.publish(eventSubject(address), event, { msgID, timeout: 30_000 });
      const expect = { lastSubjectSequence: 0 };
      const subject = attemptSubject(address, String(seq));
      await js.publish(subject, record, { expect, timeout: 30_000 });
    });
    await Promise.all(answers);
  }
};

/** Ids of the length that UUIDs have. */
const addressOf = (n: number): EventAddress => ({
  workspaceId: `workspace-${n % 100}`,
  callId: n.toString(16).padStart(36, "0"),
  agentId: `agent-${n % 100}`,
  eventType: "call_completed",
});

/** Reads as retries do, and gives the most that was resident meanwhile, in MiB. */
const readAtRandom = async (
  { jsm, pid }: BenchNats,
  { events, reads }: { readonly events: number; readonly reads: number },
  signal: AbortSignal,
): Promise<number> => {
  let mostMib = 0;
  for (let n = 0; n < reads; n += 1) {
    // A step that has no divisor in common with the number of events comes by all of them, and far apart.
    const seq = 1 + ((n * 7_919 * 101) % events);
    await jsm.direct.getMessage(STREAMS.events, { seq });
    if (n % 10 === 0) mostMib = Math.max(mostMib, residentMib(pid));
    await delay(1_000 / READS_PER_SECOND, undefined, { signal });
  }
  return mostMib;
};

/** What is live once garbage is collected; three times, as buffers are kept in pools for two collections. */
const heapOf = async ({ logFile }: BenchNats) => {
  const port = /profiling port: (\d+)/.exec(await readFile(logFile, "utf8"))?.[1];
  if (port === undefined) throw new Error(`${logFile} names no profiling port`);
  let text = "";
  for (let n = 0; n < 3; n += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/debug/pprof/heap?debug=1&gc=1`);
    text = await answer.text();
  }
  const liveBytes = Number(/^# HeapAlloc = (\d+)/m.exec(text)?.[1]);
  return { liveBytes, shares: readHeapProfile(text, (name) => name.includes("/nats-server/")) };
};
