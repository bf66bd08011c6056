import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import {
  DISPATCHER_CONSUMER,
  STREAMS,
  type StreamName,
} from "@ringback/contracts/streams/subjects";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { eventually } from "../scripts/local/wait.ts";
import { startProgram } from "./program.ts";

/** A nats-server with the streams, and what the benchmark does with them. */
export type BenchNats = AsyncDisposable & {
  readonly pid: number;
  readonly logFile: string;
  readonly url: string;
  readonly jsm: JetStreamManager;
  readonly storedIn: (stream: StreamName) => Promise<number>;
  /** EVENTS are handed out no more, and then again: so that a backlog can be built up. */
  readonly holdEvents: () => Promise<void>;
  readonly releaseEvents: () => Promise<void>;
  /** Waits until everything is delivered, recorded and acknowledged. */
  readonly settled: (timeoutMs: number) => Promise<void>;
  /** Forgets what was delivered, so that a long run does not fill the disk. */
  readonly forget: () => Promise<void>;
};

const HOLD_MS = 60 * 60_000;

export const startNats = async (
  binary: string,
  directory: string,
  signal: AbortSignal,
  more: { readonly args?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<BenchNats> => {
  await using starting = new AsyncDisposableStack();
  const storeDir = join(directory, "nats");
  await mkdir(storeDir, { recursive: true });
  const program = starting.use(
    await startProgram({
      command: binary,
      args: [
        "--jetstream",
        `--store_dir=${storeDir}`,
        "--addr=127.0.0.1",
        "--port=-1",
        ...(more.args ?? []),
      ],
      env: { ...process.env, ...more.env },
      logFile: join(directory, "nats-server.log"),
      readyFrom: (log) => /Listening for client connections on (\S+)[^]*ready/.exec(log)?.[1],
      readyTimeoutMs: 20_000,
      stopGraceMs: 10_000,
      signal,
    }),
  );
  const url = `nats://${program.ready}`;
  const connection = await connect({ servers: url, name: "bench", noAsyncTraces: true });
  starting.defer(() => connection.close());
  const jsm = await jetstreamManager(connection, { timeout: 30_000 });
  for (const stream of wantedStreams(parseSettings(commonSettings, {})))
    await jsm.streams.add(stream);
  const storedIn = async (stream: StreamName): Promise<number> =>
    (await jsm.streams.info(stream)).state.messages;
  const started = starting.move();
  return {
    pid: program.pid,
    logFile: program.logFile,
    url,
    jsm,
    storedIn,
    holdEvents: async () => {
      const until = new Date(Date.now() + HOLD_MS);
      await jsm.consumers.pause(STREAMS.events, DISPATCHER_CONSUMER, until);
    },
    releaseEvents: async () =>
      void (await jsm.consumers.resume(STREAMS.events, DISPATCHER_CONSUMER)),
    settled: (timeoutMs) => settled(jsm, storedIn, timeoutMs, signal),
    forget: async () => {
      for (const stream of [STREAMS.events, STREAMS.attempts]) await jsm.streams.purge(stream);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
};

const settled = async (
  jsm: JetStreamManager,
  storedIn: BenchNats["storedIn"],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> => {
  await eventually(
    async () => {
      const { num_pending, num_ack_pending } = await jsm.consumers.info(
        STREAMS.events,
        DISPATCHER_CONSUMER,
      );
      const retries = await storedIn(STREAMS.retries);
      const left = num_pending + num_ack_pending + retries;
      if (left > 0) throw new Error(`${left} messages are not settled`);
      return true;
    },
    { what: "everything to be settled", timeoutMs, signal },
  );
};
