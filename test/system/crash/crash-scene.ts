import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import type { EventAddress } from "@ringback/contracts/events/event";
import { status } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import type { Platform } from "../../harness/process/platform.ts";
import type { Receiver } from "../../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import {
  CHAINS,
  chainScript,
  endsWithDeadLetter,
  isBetweenSendingAndRecord,
  pathOf,
  REQUEST_RECEIVED,
  RETRY_DELAYS,
  stopsOf,
  type Chain,
} from "./chains.ts";
import { STOPPED } from "./crash-point.ts";
import { settled } from "../../harness/settled.ts";
import { startStoppingScene, type StoppingScene } from "./stopping-scene.ts";

type Published = { readonly seq: number; readonly address: EventAddress };

/** A platform on which every chain has come to the point where the crash is to find it. */
export type CrashScene = Omit<StoppingScene, "publish" | "stopped"> & {
  /** Waits until all chains have ended, then publishes one more event for each and waits again. */
  readonly playOn: () => Promise<void>;
  readonly requestsPerAttempt: (chain: Chain) => Record<string, number>;
  readonly records: (chain: Chain) => Promise<AttemptRecord[]>;
  readonly deadLetters: (chain: Chain) => Promise<DeadLetter[]>;
  readonly requestsAfterwards: (chain: Chain) => number;
};

/** Well beyond the time that the scene takes to be set. */
const HELD_OPEN_MS = 12_000;
const SETTLED_WITHIN_MS = 60_000;

export const setCrashScene = async (): Promise<CrashScene> => {
  const script = chainScript(CHAINS, HELD_OPEN_MS);
  const settings = { RETRY_DELAYS, RETRY_JITTER: "0" };
  const scene = await startStoppingScene(stopsOf(CHAINS), script, settings);
  const { platform, receiver, dispatcher } = scene;
  await Promise.all(
    CHAINS.map(({ id }) =>
      platform.subscribe(
        [{ event_type: "call_completed", callback_url: receiver.url(pathOf(id)) }],
        { agentId: id },
      ),
    ),
  );
  const published = await publishForEach(platform, 0);
  await everyChainIsAtItsPoint(dispatcher, receiver);
  let later = new Map<string, Published>();
  const requestsOf = (event: Published | undefined, chain: Chain) =>
    receiver
      .requestsTo(pathOf(chain.id))
      .filter(({ headers }) => String(headers["webhook-id"]).endsWith(`_${event?.seq}`));
  return {
    ...scene,
    playOn: async () => {
      await settled(platform.client, { timeoutMs: SETTLED_WITHIN_MS });
      receiver.setScript(status(200));
      later = await publishForEach(platform, 1);
      await settled(platform.client, { timeoutMs: SETTLED_WITHIN_MS });
    },
    requestsPerAttempt: (chain) => {
      const requests = requestsOf(published.get(chain.id), chain);
      return countBy(requests.map(({ headers }) => String(headers["ringback-attempt"])));
    },
    records: (chain) => platform.attemptsOf(published.get(chain.id)!),
    deadLetters: async (chain) =>
      (await platform.deadLetters()).filter(
        ({ event_seq }) => event_seq === published.get(chain.id)?.seq,
      ),
    requestsAfterwards: (chain) => requestsOf(later.get(chain.id), chain).length,
  };
};

const publishForEach = async (
  platform: Platform,
  retryCount: number,
): Promise<Map<string, Published>> => {
  const one = async ({ id }: Chain): Promise<[string, Published]> => [
    id,
    await platform.publish({ agentId: id, callId: id, retryCount }),
  ];
  return new Map(await Promise.all(CHAINS.map(one)));
};

const everyChainIsAtItsPoint = async (
  dispatcher: ServiceProcess,
  receiver: Receiver,
): Promise<void> => {
  const stopped = (): Set<unknown> =>
    new Set(dispatcher.logs.filter(({ msg }) => msg === STOPPED).map((line) => line["call_id"]));
  const isHeldOpen = ({ id, attempt }: Chain): boolean =>
    receiver
      .requestsTo(pathOf(id))
      .some((r) => r.headers["ringback-attempt"] === String(attempt) && r.closedAtMs === null);
  const missing = (): string[] =>
    CHAINS.filter((chain) =>
      chain.point === REQUEST_RECEIVED ? !isHeldOpen(chain) : !stopped().has(chain.id),
    ).map(({ title }) => title);
  await eventually(
    () => {
      if (missing().length > 0) throw new Error(missing().join("\n"));
    },
    { timeoutMs: HELD_OPEN_MS, what: "every chain is at its point" },
  );
};

/** What came of a chain in the end. */
export type ChainEnd = {
  /** The status of each record, under its attempt, in the order of the stream. */
  readonly records: readonly (readonly [attempt: number, status: number | string])[];
  readonly deadLetters: readonly string[];
  /** Requests for the event that was published when all was over. */
  readonly requestsAfterwards: number;
};

export const endOf = async (scene: CrashScene, chain: Chain): Promise<ChainEnd> => {
  const records = await scene.records(chain);
  const letters = await scene.deadLetters(chain);
  return {
    records: records.map(({ attempt, outcome }) => [attempt, statusIn(outcome)]),
    deadLetters: letters.map(({ reason }) => reason),
    requestsAfterwards: scene.requestsAfterwards(chain),
  };
};

/** How every chain must end, whatever crashed: whole, single, and the next event delivered. */
export const wholeChain = (chain: Chain): ChainEnd => ({
  records: chain.statuses.map((code, n) => [n + 1, code]),
  deadLetters: endsWithDeadLetter(chain) ? ["exhausted"] : [],
  requestsAfterwards: 1,
});

/** One request for each attempt; `atPoint` of them for the attempt that the crash found. */
export const requestsExpected = (chain: Chain, atPoint = 1): Record<string, number> =>
  Object.fromEntries(
    chain.statuses.map((_code, n) => [String(n + 1), n + 1 === chain.attempt ? atPoint : 1]),
  );

/** A killed dispatcher takes along what it knew of the requests that it had sent. */
export const requestsAfterDispatcherDied = (chain: Chain): Record<string, number> =>
  requestsExpected(chain, isBetweenSendingAndRecord(chain) ? 2 : 1);

const statusIn = (outcome: AttemptRecord["outcome"]): number | string =>
  ("status_code" in outcome ? outcome.status_code : undefined) ?? JSON.stringify(outcome);

const countBy = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};
