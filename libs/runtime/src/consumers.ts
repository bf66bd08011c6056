import {
  AckPolicy,
  DeliverPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/nats-core";
import { STREAM_SUBJECTS, STREAMS, type StreamName } from "@ringback/contracts/subjects";
import { isConsumerNotFound } from "./nats-errors.ts";
import type { Logger } from "./logger.ts";
import type { Nats } from "./nats.ts";
import { refuseAnother } from "./stream-watch.ts";

export type WantedConsumer = {
  readonly stream: StreamName;
  readonly name: string;
  readonly filter: string;
  /** When its stream was made, in ms since 1970: sequences mean nothing on another one. */
  readonly streamCreatedMs: number;
};

export type EnsuredConsumer = {
  readonly info: ConsumerInfo;
  /**
   * Messages up to this sequence may have been handled already, even when they come as if for the
   * first time: the consumer was made when the stream had them, and what its predecessor had
   * acknowledged is not known; or the server crashed, and what it had handed out last is forgotten.
   */
  readonly mayBeHandledUpTo: number;
};

/** Short, so that a crashed process's work is picked up soon; `working()` keeps longer work alive. */
const ACK_WAIT_MS = 15_000;

/** Room for 64 processes with 1,024 messages in hand each. */
const MAX_ACK_PENDING = 65_536;

/**
 * A server writes a consumer's state ten times a second, and a crash takes what came since (checked
 * on 2.15: 2,260 of 56,000 handed out in a burst): fewer than this.
 */
const FORGOTTEN_AT_MOST = 16_384;

const BOUNDARY = "ringback-may-be-handled-up-to";

const configOf = ({ name, filter }: WantedConsumer): Partial<ConsumerConfig> => ({
  durable_name: name,
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(ACK_WAIT_MS),
  max_deliver: -1, // giving up is our decision, never the server's silent one
  max_ack_pending: MAX_ACK_PENDING,
  filter_subject: filter,
});

/**
 * The durable consumer, made when it is missing and brought up to date when it differs. One that is
 * made anew goes on behind `resumeAfter` where that is known.
 */
export const ensureConsumer = async (
  nats: Nats,
  wanted: WantedConsumer,
  resumeAfter: number | undefined,
  log: Logger,
): Promise<EnsuredConsumer> => {
  const { stream, name } = wanted;
  const config = configOf(wanted);
  refuseAnother(stream, wanted.streamCreatedMs, await nats.jsm.streams.info(stream));
  const found = await consumerInfo(nats, stream, name);
  if (found === undefined) {
    const info = await makeConsumer(nats, wanted, resumeAfter);
    const mayBeHandledUpTo = await boundaryOf(nats, wanted, info);
    // News for whoever is on call, unless it is the first start of all.
    const level = mayBeHandledUpTo > 0 ? "warn" : "info";
    log[level]({ stream, consumer: name, resume_after: resumeAfter }, "consumer.made");
    return { info, mayBeHandledUpTo };
  }
  const differs = Object.entries(config).some(
    ([option, value]) => (found.config as unknown as Record<string, unknown>)[option] !== value,
  );
  const info = differs ? await nats.jsm.consumers.update(stream, name, config) : found;
  return { info, mayBeHandledUpTo: await boundaryOf(nats, wanted, found) };
};

/** What the server says of a consumer, or undefined when there is none. */
export const consumerInfo = async (
  nats: Nats,
  stream: StreamName,
  name: string,
): Promise<ConsumerInfo | undefined> => {
  try {
    return await nats.jsm.consumers.info(stream, name);
  } catch (error) {
    if (isConsumerNotFound(error)) return undefined;
    throw error;
  }
};

const makeConsumer = async (
  nats: Nats,
  wanted: WantedConsumer,
  resumeAfter: number | undefined,
): Promise<ConsumerInfo> => {
  const boundary = await handledSoFar(nats, wanted.stream);
  const start =
    resumeAfter === undefined
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: resumeAfter + 1 };
  try {
    return await nats.jsm.consumers.add(wanted.stream, {
      ...configOf(wanted),
      ...start,
      metadata: { [BOUNDARY]: String(boundary) },
    });
  } catch (error) {
    // Another process made it between looking and making.
    const info = await consumerInfo(nats, wanted.stream, wanted.name);
    if (info === undefined) throw error;
    return info;
  }
};

/** On a new installation nothing was ever attempted, however many events wait already. */
const handledSoFar = async (nats: Nats, stream: StreamName): Promise<number> => {
  const attempts = await nats.jsm.streams.info(STREAMS.attempts);
  if (attempts.state.last_seq === 0) return 0;
  return (await nats.jsm.streams.info(stream)).state.last_seq;
};

const boundaryOf = async (
  nats: Nats,
  { stream, filter }: WantedConsumer,
  { config, delivered }: ConsumerInfo,
): Promise<number> => {
  const soFar = await handledSoFar(nats, stream);
  // Where the consumer sees every message, the sequences that were forgotten follow each other.
  const seesAll = STREAM_SUBJECTS[stream].every((subject) => subject === filter);
  const forgotten = seesAll ? Math.min(soFar, delivered.stream_seq + FORGOTTEN_AT_MOST) : soFar;
  return Math.max(Number(config.metadata?.[BOUNDARY] ?? "0"), forgotten);
};
