import { createLogger } from "@ringback/runtime/telemetry/logger";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { expect } from "vitest";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { startNatsServer } from "../harness/nats/nats-server.ts";
import { type ServiceProcess, startService } from "../harness/process/service-process.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { agentIds, storeHistory } from "./stored-history.ts";

const EVENTS = Number(process.env["HISTORY_EVENTS"] ?? 100_000);
/** A container that gives it little: young objects alone take 96 MiB otherwise. */
const NODE_OPTIONS = "--max-old-space-size=256 --max-semi-space-size=16";

export const SIZE = { events: EVENTS, attempts: EVENTS * 2.5 };

/** Whose keys there are: of the whole workspace, and bound to some or to all of its agents. */
export const CALLERS = { unbound: 0, "bound to 5 agents": 1, "bound to 50 agents": 2 } as const;

/** Figures for people: they go into docs/design/0015-projection.md. */
export const said = (what: string, figure: string): unknown =>
  process.stderr.write(`${what.padEnd(64)} ${figure}\n`);

export const timed = async (what: string, work: () => Promise<unknown>): Promise<number> => {
  const begunMs = performance.now();
  await work();
  const tookMs = performance.now() - begunMs;
  said(what, `${Math.round(tookMs)} ms`);
  return tookMs;
};

export type Page = {
  readonly projection_lag: number;
  readonly next_cursor: string | null;
  readonly [items: string]: unknown;
};

/** Streams with a history, and the service on them. */
export const startHistory = async () => {
  const server = await startNatsServer();
  const client = await connectTo(server);
  const log = createLogger("test", "fatal");
  const signal = new AbortController().signal;
  const wanted = wantedStreams(parseSettings(commonSettings, {}));
  const created = await ensureStreams(client.jsm, wanted, { log, signal });
  await timed("stored", () => storeHistory(client.js, created, SIZE));
  const folder = await makeTempDir("projection");
  const keys = await writeApiKeysFile([
    { workspaceId: "w1", scopes: ["read"] },
    { workspaceId: "w1", scopes: ["read"], agents: agentIds.slice(0, 5) },
    { workspaceId: "w1", scopes: ["read"], agents: agentIds },
  ]);
  let service: ServiceProcess | undefined;
  const get = async (
    path: string,
    caller: number = CALLERS.unbound,
  ): Promise<{ status: number; body: Page; tookMs: number }> => {
    const begunMs = performance.now();
    const url = service?.httpUrl(`/ca/api/v0${path}`) ?? "";
    const answer = await fetch(url, { headers: { "x-api-key": keys.keys[caller] ?? "" } });
    const body = (await answer.json()) as Page;
    return { status: answer.status, body, tookMs: performance.now() - begunMs };
  };
  return {
    folder,
    get,
    service: () => service,
    start: async (): Promise<void> => {
      service = await startService({
        entry: "services/subscriptions/src/main.ts",
        env: {
          NATS_URL: server.url,
          API_KEYS_FILE: keys.file,
          PROJECTION_DIR: folder,
          REQUESTS_PER_MINUTE_PER_KEY: "1000000",
          // Without a limit Node.js collects late on a big machine, and its memory tells nothing.
          NODE_OPTIONS,
        },
      });
    },
    /** Reads a call 100 times, one after the other, and says how long that took. */
    timesOf: async (
      path: string,
      check: (body: Page) => void,
      caller: number = CALLERS.unbound,
    ): Promise<number[]> => {
      const times: number[] = [];
      for (let n = 0; n < 100; n += 1) {
        const { status, body, tookMs } = await get(path, caller);
        expect(status).toBe(200);
        check(body);
        times.push(tookMs);
      }
      said(path.replaceAll(/(agent|call)_[\w-]{20,}/g, "…").slice(0, 64), figures(times));
      return times;
    },
    stop: async (): Promise<void> => {
      await service?.stop();
      await client.close();
      await server.stop();
    },
  };
};

export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? Number.NaN;

export const figures = (times: readonly number[]): string =>
  `median ${percentile(times, 0.5).toFixed(1)} ms, 95th percentile ${percentile(times, 0.95).toFixed(1)} ms`;
