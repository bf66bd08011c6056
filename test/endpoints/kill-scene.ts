import { setTimeout as wait } from "node:timers/promises";
import { startServices, type Services } from "../harness/process/platform.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { endpointId } from "../harness/fixtures/endpoints.ts";
import { settled } from "../harness/settled.ts";
import { recordsOf, storeEndpoint } from "./stored-endpoints.ts";

export interface KillSceneOptions {
  /** The addresses of NATS. */
  readonly url: string;
  readonly replicas?: number;
  readonly seconds: number;
  /** Called again and again while events come in; kills something, and brings it back. */
  readonly harm: (services: Services, nth: number) => Promise<void>;
}

const DESTINATIONS = 5;
const EVENT_EVERY_MS = 60;
/** Paths that fail the first attempt of every event. */
const FAILING = new Set([1, 3]);

/** Kills the dispatcher at once, and starts another. */
export const killDispatcher = async (services: Services): Promise<void> => {
  const [dispatcher] = services.dispatchers.splice(0, 1);
  await dispatcher?.kill();
  services.dispatchers.push(await services.startDispatcher());
};

export interface Survived {
  /** What is wrong with a delivery: it is missing, or its chain of attempts is not single and whole. */
  readonly problems: readonly string[];
  /** Requests whose dispatcher was killed before it had stored their record. */
  readonly unrecorded: number;
  readonly events: number;
}

type PublishedEvent = Awaited<ReturnType<Services["publish"]>>;

/**
 * Publishes events with an agent's subscription and four endpoints while things are killed, and tells what became
 * of every delivery.
 */
export const surviveKills = async (options: KillSceneOptions): Promise<Survived> => {
  const receiver = await startReceiver((request) => {
    const n = Number(/\d+$/.exec(request.path)?.[0]);
    return status(FAILING.has(n) && request.headers["ringback-attempt"] === "1" ? 503 : 200);
  });
  const env = { RETRY_DELAYS: "300ms,300ms", STREAM_REPLICAS: String(options.replicas ?? 1) };
  const services = await startServices(options, { env, dispatchers: 2 });
  try {
    await services.subscribe([
      { event_type: "call_completed", callback_url: receiver.url("/to-0") },
    ]);
    for (let n = 1; n < DESTINATIONS; n += 1) {
      await storeEndpoint(services.client, endpointId(n), { url: receiver.url(`/to-${n}`) });
    }
    const published = await publishWhile(services, options);
    await settled(services.client, { timeoutMs: 60_000 });
    return await outcomeOf(published, services, receiver);
  } finally {
    await Promise.all([services.stop(), receiver.stop()]);
  }
};

const publishWhile = async (services: Services, { seconds, harm }: KillSceneOptions) => {
  const published: PublishedEvent[] = [];
  const untilMs = performance.now() + seconds * 1_000;
  const harming = (async () => {
    for (let n = 0; performance.now() < untilMs; n += 1) await harm(services, n);
  })();
  for (let n = 0; performance.now() < untilMs; n += 1) {
    const event = await services.publish({ callId: `c-${n}` }).catch(() => undefined);
    if (event !== undefined) published.push(event);
    await wait(EVENT_EVERY_MS);
  }
  await harming;
  return published;
};

const outcomeOf = async (
  published: readonly PublishedEvent[],
  services: Services,
  receiver: Receiver,
): Promise<Survived> => {
  const problems: string[] = [];
  let unrecorded = 0;
  for (const event of published) {
    const records = await recordsOf(services.client, event);
    const chains = Map.groupBy(records, ({ delivery_id }) => delivery_id ?? "to the agent");
    if (chains.size !== DESTINATIONS) problems.push(`${event.seq}: ${chains.size} deliveries`);
    for (const [id, chain] of chains) {
      const attempts = chain.map(({ attempt }) => attempt).join();
      const { outcome, next } = chain.at(-1) ?? {};
      const end = `${attempts}: ${outcome?.kind}, ${next?.kind}`;
      if (!WHOLE.has(end)) problems.push(`${event.seq} ${id}: ${end}`);
    }
    const requests = receiver.requests.filter(({ headers }) =>
      String(headers["webhook-id"]).endsWith(`_${event.seq}`),
    );
    unrecorded += requests.length - records.length;
  }
  problems.push(...(await services.deadLetters()).map(({ message }) => message));
  return { problems, unrecorded, events: published.length };
};

const WHOLE = new Set(["1: delivered, done", "1,2: delivered, done"]);
