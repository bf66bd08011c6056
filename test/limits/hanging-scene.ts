import { eventually } from "../harness/eventually.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import {
  startReceiver,
  type ReceivedRequest,
  type Receiver,
} from "../harness/receiver/receiver.ts";
import { publishSteadily, type Pace } from "./publish-steadily.ts";

export const MAX_IN_FLIGHT = 32;
export const ENDPOINT_MAX_IN_FLIGHT = 4;

/** Eight endpoints that take all that they may would fill the dispatcher. */
const HANGING = 10;
const EVENTS_EACH = 12;
export const HANGING_EVENTS = HANGING * EVENTS_EACH;

const HEALTHY: Pace = { events: 200, everyMs: 15 };

/** Where endpoints hang. */
export const HANGING_WORKSPACES = ["w1", "w2"] as const;

/** One dispatcher, many endpoints that never answer, and one that does. */
export interface HangingScene {
  readonly platform: Platform;
  readonly healthy: Receiver;
  readonly hanging: readonly Receiver[];
  /** All requests to those that hang. */
  hangingRequests(): ReceivedRequest[];
  stop(): Promise<void>;
}

/** Starts them, and resolves once those that hang have taken what they get, and more is put off. */
export const setHangingScene = async (healthyWorkspace: string): Promise<HangingScene> => {
  const [platform, healthy, ...hanging] = await Promise.all([
    startPlatform({
      workspaces: [...new Set([...HANGING_WORKSPACES, healthyWorkspace])],
      dispatcherEnv: {
        MAX_IN_FLIGHT: String(MAX_IN_FLIGHT),
        ENDPOINT_MAX_IN_FLIGHT: String(ENDPOINT_MAX_IN_FLIGHT),
        DELIVERY_TIMEOUT: "60s",
        RETRY_DELAYS: "1h",
      },
    }),
    startReceiver(),
    ...Array.from({ length: HANGING }, () => startReceiver({ kind: "hang" })),
  ]);
  const scene: HangingScene = {
    platform,
    healthy,
    hanging,
    hangingRequests: () => hanging.flatMap(({ requests }) => requests),
    stop: async () => {
      // First the receivers: a dispatcher that stops waits for the answers to what it has sent.
      await Promise.all([healthy, ...hanging].map((receiver) => receiver.stop()));
      await platform.stop();
    },
  };
  await subscribe(scene, { agentId: "healthy", workspaceId: healthyWorkspace }, healthy);
  await hangAll(scene);
  return scene;
};

type Agent = { readonly agentId: string; readonly workspaceId: string };

const subscribe = ({ platform }: HangingScene, agent: Agent, receiver: Receiver): Promise<void> =>
  platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }], agent);

const hangAll = async (scene: HangingScene): Promise<void> => {
  const agents = scene.hanging.map((receiver, n) => ({
    receiver,
    agentId: `hangs-${n}`,
    workspaceId: HANGING_WORKSPACES[n % HANGING_WORKSPACES.length] ?? "",
  }));
  await Promise.all(agents.map((agent) => subscribe(scene, agent, agent.receiver)));
  const events = agents.flatMap((agent) =>
    Array.from({ length: EVENTS_EACH }, (_, n) => ({ ...agent, callId: `${agent.agentId}-${n}` })),
  );
  // One before the others: it gets all that an endpoint may have.
  const [first, others] = [events.slice(0, EVENTS_EACH), events.slice(EVENTS_EACH)];
  await Promise.all(first.map((event) => scene.platform.publish(event)));
  await scene.hanging[0]?.received(ENDPOINT_MAX_IN_FLIGHT);
  await Promise.all(others.map((event) => scene.platform.publish(event)));
  await eventually(async () => {
    const open = scene.hangingRequests().length;
    const deferred = (await deferrals(scene.platform)) ?? 0;
    return open > MAX_IN_FLIGHT / 2 && deferred >= HANGING_EVENTS - open;
  });
};

/** How often the dispatcher has put off a delivery as there was no place for it. */
export const deferrals = async ({ dispatchers }: Platform): Promise<number | null> => {
  const metrics = await dispatchers[0]?.metrics();
  const of = (reason: string) => metrics?.value("ringback_deferred_total", { reason }) ?? null;
  const [own, others] = [of("endpoint_busy"), of("dispatcher_busy")];
  return own === null || others === null ? null : own + others;
};

/**
 * Publishes events for the healthy endpoint, each after the request of the one before, so that the endpoint's own
 * limits put none off; how often one was put off.
 */
export const putOffFromHealthy = async (
  { platform, healthy }: HangingScene,
  workspaceId: string,
): Promise<number> => {
  const agent = { workspaceId, agentId: "healthy" };
  const { nc } = platform.client;
  const retries = nc.subscribe(`retries.scheduled.${workspaceId}.${agent.agentId}.*`);
  let putOff = 0;
  void (async () => {
    for await (const _ of retries) putOff += 1;
  })();
  for (let n = 1; n <= HEALTHY.events; n += 1) {
    await platform.publish({ ...agent, callId: `healthy-${n}` });
    await healthy.received(n);
  }
  await nc.flush();
  retries.unsubscribe();
  return putOff;
};

/** Publishes events for the healthy endpoint over seconds; how long each took to be requested, sorted. */
export const timeToHealthy = async (
  { platform, healthy }: HangingScene,
  workspaceId: string,
): Promise<number[]> => {
  const publishedMs = await publishSteadily(platform, HEALTHY, (n) => ({
    workspaceId,
    agentId: "healthy",
    callId: `healthy-${n}`,
  }));
  const requests = await healthy.received(HEALTHY.events, { timeoutMs: 5_000 });
  return requests
    .map((request) => request.atMs - (publishedMs.get(eventSeqOf(request)) ?? 0))
    .toSorted((a, b) => a - b);
};

/** The event's sequence, which is the last part of its id. */
const eventSeqOf = ({ headers }: ReceivedRequest): number =>
  Number(String(headers["webhook-id"]).split("_").at(-1));
