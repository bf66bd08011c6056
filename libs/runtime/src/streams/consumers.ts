import type { StreamOrigin } from "@ringback/contracts/streams/stream-origin";
import {
  AckPolicy,
  DeliverPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/nats-core";
import { STREAM_SUBJECTS, type StreamName } from "@ringback/contracts/streams/subjects";
import { isConsumerNotFound } from "../nats/errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Nats } from "../nats/connection.ts";
import { differences } from "./stream-config.ts";
import { externallyManaged, listed, type StreamManagement } from "./stream-management.ts";
import { refuseAnother } from "./stream-watch.ts";

export type WantedConsumer = {
  readonly stream: StreamName;
  readonly name: string;
  readonly filter: string;
  /** When its stream was created, in ms since 1970: sequences mean nothing on another stream. */
  readonly origin: StreamOrigin;
  readonly management: StreamManagement;
  /** Gets a message for every handled one: while it is empty, none was handled. */
  readonly recordsStream: StreamName;
};

/** Short, so that a crashed process's work is picked up soon; `working()` keeps longer work alive. */
export const ACK_WAIT_MS = 15_000;

/** Room for 64 processes with 1,024 messages in flight each. */
const MAX_ACK_PENDING = 65_536;

/**
 * A server stores a consumer's state ten times a second, and forgets the deliveries since in a crash (checked
 * on 2.15: 2,260 of a burst of 56,000): fewer than this.
 */
const MAX_FORGOTTEN = 16_384;

const BOUNDARY = "ringback-may-be-handled-up-to";

/** The configuration of a durable consumer, to be requested from the server and compared with its reply. */
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
 * Creates the durable consumer when it is missing, and updates it when it differs. A new consumer starts behind
 * `resumeAfter` if that is known. With `verify` it changes nothing: it throws what is missing or differs, and the caller
 * retries.
 *
 * Returns the sequence up to which messages may have been handled before, even when they come as if for the first time:
 * the consumer was created after them, and its predecessor's acknowledgements are not known; or the server crashed and
 * forgot its last deliveries.
 */
export const ensureConsumer = async (
  nats: Nats,
  wanted: WantedConsumer,
  resumeAfter: number | undefined,
  log: Logger,
): Promise<number> => {
  const { stream, name, management } = wanted;
  const config = consumerConfig(wanted);
  refuseAnother(stream, wanted.origin, await nats.jsm.streams.info(stream));
  const found = await consumerInfo(nats, stream, name);
  if (management === "verify") return verified(nats, wanted, found);
  if (found === undefined) {
    const info = await makeConsumer(nats, wanted, resumeAfter);
    const mayBeHandledUpTo = await boundaryOf(nats, wanted, info);
    // A warning, except at the very first start.
    const level = mayBeHandledUpTo > 0 ? "warn" : "info";
    log[level]({ stream, consumer: name, resume_after: resumeAfter }, "consumer.made");
    return mayBeHandledUpTo;
  }
  const differs = differences(config, found.config).length > 0;
  if (differs) await nats.jsm.consumers.update(stream, name, config);
  return boundaryOf(nats, wanted, found);
};

const verified = async (
  nats: Nats,
  wanted: WantedConsumer,
  found: ConsumerInfo | undefined,
): Promise<number> => {
  const which = `consumer ${wanted.name} of ${wanted.stream}`;
  if (found === undefined) throw externallyManaged([`${which} is missing`]);
  const different = differences(consumerConfig(wanted), found.config);
  if (different.length > 0)
    throw externallyManaged([`${which} is not as needed: ${listed(different)}`]);
  return boundaryOf(nats, wanted, found);
};

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
  const boundary = await handledSoFar(nats, wanted);
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
    // Another process created it meanwhile.
    const info = await consumerInfo(nats, wanted.stream, wanted.name);
    if (info === undefined) throw error;
    return info;
  }
};

/** On a new installation no message was handled, however many wait. */
const handledSoFar = async (
  nats: Nats,
  { stream, recordsStream }: Pick<WantedConsumer, "stream" | "recordsStream">,
): Promise<number> => {
  const records = await nats.jsm.streams.info(recordsStream);
  if (records.state.last_seq === 0) return 0;
  return (await nats.jsm.streams.info(stream)).state.last_seq;
};

const boundaryOf = async (
  nats: Nats,
  wanted: WantedConsumer,
  { config, delivered }: ConsumerInfo,
): Promise<number> => {
  const soFar = await handledSoFar(nats, wanted);
  const noted = config.metadata?.[BOUNDARY];
  // An operator created it, perhaps to replace one that was far ahead.
  if (noted === undefined) return soFar;
  // If the consumer receives every message, the forgotten sequences are consecutive.
  const seesAll = STREAM_SUBJECTS[wanted.stream].every((one) => one === wanted.filter);
  const forgotten = seesAll ? Math.min(soFar, delivered.stream_seq + MAX_FORGOTTEN) : soFar;
  return Math.max(Number(noted), forgotten);
};
