import { setTimeout as delay } from "node:timers/promises";
import { jetstream, type JetStreamClient } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { answerCalls } from "./calls.ts";
import { monotonicUs } from "./clock.ts";
import { storedConfiguration, storedEndpoint } from "./configuration.ts";
import {
  addressOf,
  agentOf,
  bodyOf,
  bodyTail,
  CALL_TYPES,
  eventOfCall,
  type Crowd,
} from "./payload.ts";
import { scheduledRetry } from "./scheduled-retry.ts";

type Batch = {
  readonly crowd: Crowd;
  /** The number of its first event. */
  readonly from: number;
  readonly count: number;
  readonly bytes: number;
};

export type LoadCalls = {
  readonly connect: (input: { readonly url: string }) => Promise<void>;
  /** Stores the subscriptions of these agents, as the API would have; agent n is sent to origin n modulo all. */
  readonly subscribe: (input: {
    readonly crowd: Crowd;
    readonly origins: readonly string[];
  }) => Promise<void>;
  /** Stores so many endpoints in the workspace of each of these agents; those that are not chosen are for another agent. */
  readonly endpoints: (input: {
    readonly crowd: Crowd;
    readonly origins: readonly string[];
    readonly each: number;
    readonly isChosen: boolean;
    /** They keep the order of a call's events. */
    readonly isOrdered?: boolean;
  }) => Promise<void>;
  /** Publishes as fast as the server stores. */
  readonly burst: (batch: Batch) => Promise<void>;
  /**
   * Publishes at a rate, whatever becomes of the events; on a stream of its own for the bare consumer.
   * Says how late the latest of them was: a machine that is too busy to publish measures nothing.
   */
  readonly paced: (
    batch: Batch & { readonly perSecond: number; readonly subject?: string },
  ) => Promise<{ readonly latestMs: number }>;
  /** Publishes calls at a rate, all events of a call at once. */
  readonly calls: (batch: Omit<Batch, "bytes"> & { readonly perSecond: number }) => Promise<void>;
  /** Stores schedules that bring these events back, one by one over `spanMs` from `firstMs` on. */
  readonly scheduleRetries: (
    batch: Omit<Batch, "bytes"> & {
      readonly firstSeq: number;
      readonly firstMs: number;
      readonly spanMs: number;
    },
  ) => Promise<void>;
};

let nc: NatsConnection;
let js: JetStreamClient;

/** So many are on their way to the server at once. */
const PIPELINED = 1_000;

/** The server drops what comes in faster than it stores: each part waits until all of it is there. */
const inParts = async (count: number, publish: (n: number, isLast: boolean) => unknown) => {
  for (let from = 0; from < count; from += PIPELINED) {
    const last = Math.min(count, from + PIPELINED) - 1;
    for (let n = from; n < last; n += 1) publish(n, false);
    await publish(last, true);
  }
};

const burst: LoadCalls["burst"] = async ({ crowd, from, count, bytes }) => {
  const tail = bodyTail(bytes);
  await inParts(count, (at, isLast) => {
    const n = from + at;
    const subject = eventSubject(addressOf(agentOf(n, crowd), n, crowd.workspaces));
    const body = bodyOf({ n, sentUs: monotonicUs() }, tail);
    return isLast ? js.publish(subject, body, { timeout: 30_000 }) : nc.publish(subject, body);
  });
};

const paced: LoadCalls["paced"] = async (batch) => {
  const { crowd, from, count, bytes, perSecond, subject } = batch;
  const tail = bodyTail(bytes);
  const startUs = monotonicUs();
  const answers: Promise<unknown>[] = [];
  let latestUs = 0;
  for (let at = 0; at < count; at += 1) {
    const dueUs = startUs + (at * 1e6) / perSecond;
    while (monotonicUs() < dueUs) await delay(1);
    const n = from + at;
    const sentUs = monotonicUs();
    latestUs = Math.max(latestUs, sentUs - dueUs);
    const address = addressOf(agentOf(n, crowd), n, crowd.workspaces);
    const options = { msgID: `${address.workspaceId}:${n}`, timeout: 30_000 };
    answers.push(
      js.publish(subject ?? eventSubject(address), bodyOf({ n, sentUs }, tail), options),
    );
  }
  await Promise.all(answers);
  return { latestMs: latestUs / 1_000 };
};

const publishCalls: LoadCalls["calls"] = async ({ crowd, from, count, perSecond }) => {
  const startUs = monotonicUs();
  const answers: Promise<unknown>[] = [];
  for (let call = from; call < from + count; call += 1) {
    const dueUs = startUs + ((call - from) * 1e6) / perSecond;
    while (monotonicUs() < dueUs) await delay(1);
    for (let nth = 0; nth < CALL_TYPES.length; nth += 1) {
      const sent = { nth, sentUs: monotonicUs() };
      const { address, body } = eventOfCall(agentOf(call, crowd), call, sent);
      answers.push(js.publish(eventSubject(address), body, { timeout: 30_000 }));
    }
  }
  await Promise.all(answers);
};

const calls: LoadCalls = {
  connect: async ({ url }) => {
    nc = await connect({ servers: url, name: "bench-load", noAsyncTraces: true });
    js = jetstream(nc);
  },
  subscribe: ({ crowd, origins }) =>
    inParts(crowd.count, (at, isLast) => {
      const agent = crowd.first + at;
      const origin = origins[agent % origins.length] ?? "";
      const { subject, body } = storedConfiguration(agent, origin, crowd.workspaces);
      return isLast ? js.publish(subject, body, { timeout: 30_000 }) : nc.publish(subject, body);
    }),
  endpoints: ({ crowd, origins, each, ...rest }) =>
    inParts(crowd.count * each, (at, isLast) => {
      const agent = crowd.first + Math.floor(at / each);
      const origin = origins[agent % origins.length] ?? "";
      const { subject, body } = storedEndpoint(agent, origin, { nth: at % each, ...rest });
      return isLast ? js.publish(subject, body, { timeout: 30_000 }) : nc.publish(subject, body);
    }),
  burst,
  calls: publishCalls,
  paced,
  scheduleRetries: async ({ crowd, from, count, firstSeq, firstMs, spanMs }) => {
    for (let start = 0; start < count; start += PIPELINED) {
      const many = Math.min(PIPELINED, count - start);
      const answers = Array.from({ length: many }, (_, n) => {
        const at = start + n;
        const agent = agentOf(from + at, crowd);
        const dueMs = dueAt(at, count, firstMs, spanMs);
        return scheduledRetry(js, { agent, n: from + at, eventSeq: firstSeq + at, dueMs });
      });
      await Promise.all(answers);
    }
  },
};

/** When the retry of the `at`th of `count` events is due. */
const dueAt = (at: number, count: number, firstMs: number, spanMs: number): number =>
  Math.round(firstMs + (at * spanMs) / count);

answerCalls(calls);
