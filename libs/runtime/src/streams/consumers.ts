import {
  AckPolicy,
  DeliverPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/nats-core";
import { STREAM_SUBJECTS, STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import { isConsumerNotFound } from "../nats/errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Nats } from "../nats/connection.ts";
import {
  externallyManaged,
  listed,
  type Difference,
  type StreamManagement,
} from "./stream-management.ts";
import { refuseAnother } from "./stream-watch.ts";

export type WantedConsumer = {
  readonly stream: StreamName;
  readonly name: string;
  readonly filter: string;
  /** When its stream was made, in ms since 1970: sequences mean nothing on another one. */
  readonly streamCreatedMs: number;
  readonly management: StreamManagement;
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
export const ACK_WAIT_MS = 15_000;

/** Room for 64 processes with 1,024 messages in hand each. */
const MAX_ACK_PENDING = 65_536;

/**
 * A server writes a consumer's state ten times a second, and a crash takes what came since (checked
 * on 2.15: 2,260 of 56,000 handed out in a burst): fewer than this.
 */
const FORGOTTEN_AT_MOST = 16_384;

const BOUNDARY = "ringback-may-be-handled-up-to";

/** How a durable consumer is to be: what is asked of the server, and what it is compared with. */
export const consumerConfig = ({
  name,
  filter,
}: Pick<WantedConsumer, "name" | "filter">): Partial<ConsumerConfig> => ({
  durable_name: name,
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(ACK_WAIT_MS),
  max_deliver: -1, // giving up is our decision, never the server's silent one
  max_ack_pending: MAX_ACK_PENDING,
  filter_subject: filter,
});

/**
 * The durable consumer, made when it is missing and brought up to date when it differs. One that is
 * made anew goes on behind `resumeAfter` where that is known. With `verify` nothing is made or changed:
 * throws what is missing or differs, and the caller tries again.
 */
export const ensureConsumer = async (
  nats: Nats,
  wanted: WantedConsumer,
  resumeAfter: number | undefined,
  log: Logger,
): Promise<EnsuredConsumer> => {
  const { stream, name, management } = wanted;
  const config = consumerConfig(wanted);
  refuseAnother(stream, wanted.streamCreatedMs, await nats.jsm.streams.info(stream));
  const found = await consumerInfo(nats, stream, name);
  if (management === "verify") return verified(nats, wanted, found);
  if (found === undefined) {
    const info = await makeConsumer(nats, wanted, resumeAfter);
    const mayBeHandledUpTo = await boundaryOf(nats, wanted, info);
    // News for whoever is on call, unless it is the first start of all.
    const level = mayBeHandledUpTo > 0 ? "warn" : "info";
    log[level]({ stream, consumer: name, resume_after: resumeAfter }, "consumer.made");
    return { info, mayBeHandledUpTo };
  }
  const differs = differencesOf(config, found).length > 0;
  const info = differs ? await nats.jsm.consumers.update(stream, name, config) : found;
  return { info, mayBeHandledUpTo: await boundaryOf(nats, wanted, found) };
};

const verified = async (
  nats: Nats,
  wanted: WantedConsumer,
  found: ConsumerInfo | undefined,
): Promise<EnsuredConsumer> => {
  const which = `consumer ${wanted.name} of ${wanted.stream}`;
  if (found === undefined) throw externallyManaged([`${which} is missing`]);
  const different = differencesOf(consumerConfig(wanted), found);
  if (different.length > 0)
    throw externallyManaged([`${which} is not as needed: ${listed(different)}`]);
  return { info: found, mayBeHandledUpTo: await boundaryOf(nats, wanted, found) };
};

const differencesOf = (config: Partial<ConsumerConfig>, found: ConsumerInfo): Difference[] => {
  const actual = found.config as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(config)
    .map(([option, wanted]) => ({ option, wanted, actual: actual[option] }))
    .filter(({ wanted, actual: is }) => wanted !== is);
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
      ...consumerConfig(wanted),
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
  const noted = config.metadata?.[BOUNDARY];
  // Somebody else made it, perhaps in place of one that had gone far: it notes nothing of that.
  if (noted === undefined) return soFar;
  // Where the consumer sees every message, the sequences that were forgotten follow each other.
  const seesAll = STREAM_SUBJECTS[stream].every((subject) => subject === filter);
  const forgotten = seesAll ? Math.min(soFar, delivered.stream_seq + FORGOTTEN_AT_MOST) : soFar;
  return Math.max(Number(noted), forgotten);
};
