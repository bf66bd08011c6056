import { Buffer } from "node:buffer";
import type { MsgRequest, StoredMsg } from "@nats-io/jetstream";
import { headers as newHeaders } from "@nats-io/nats-core";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import { backoffMs, pause } from "../process/backoff.ts";
import type { Logger } from "../telemetry/logger.ts";
import { logRepeated } from "../telemetry/repeated.ts";
import { storedHeader } from "./message-headers.ts";
import { isSequenceConflict, isTooLarge, isUnavailable, isWriteInFlight } from "./errors.ts";
import type { Nats } from "./connection.ts";
import { endOfTick } from "../process/end-of-tick.ts";

/** One message for a stream. */
export type Publication = {
  readonly stream: StreamName;
  readonly subject: string;
  readonly body: Uint8Array | string;
  /** New for each publication; the same when a publication is tried again. */
  readonly messageId: string;
  readonly headers?: ReadonlyArray<readonly [string, string]>;
  /** Refused unless this is the sequence of the subject's last message; 0: there is none. */
  readonly expectedLastSeq?: number;
  /** `expectedLastSeq` is about the last message on any of these subjects, not on `subject` alone. */
  readonly expectedLastOf?: string;
  /** The server publishes body and headers to `target`, in the same stream, at `atMs`. */
  readonly schedule?: { readonly atMs: number; readonly target: string };
  /**
   * Removes the schedule on `subject` in the same step, and only if it is the one with sequence `seq`:
   * refused when it has fired or was replaced. Not together with `expectedLastSeq`.
   */
  readonly cancelSchedule?: { readonly subject: string; readonly seq: number };
  /** The server deletes it after this time, at least 1 s; for streams that allow it. */
  readonly ttlMs?: number;
};

export type Published =
  | {
      readonly kind: "stored";
      readonly seq: number;
      /** It was stored before, by its message id, and not by an earlier try of this call: nothing is new. */
      readonly isDuplicate?: true;
    }
  /** The subject's last message is neither the expected one nor this one. */
  | { readonly kind: "conflict" };

/** Whether a publication stored something that was not there before: counters follow it. */
export const isNew = (published: Published): boolean =>
  published.kind === "stored" && published.isDuplicate !== true;

/** For the message id and other headers: the server counts them as payload, too. */
const HEADER_BYTES = 2_048;

/** The largest body that the server accepts, as far as is known; undefined while there is no connection. */
export const maxBodyBytes = ({ connection }: Nats): number | undefined => {
  const bytes = connection.info?.max_payload;
  return bytes === undefined ? undefined : bytes - HEADER_BYTES;
};

const PUBLISH_TIMEOUT_MS = 2_000;
/** Stays on the stored message. */
export const MESSAGE_ID_HEADER = "Nats-Msg-Id";

/** With a quorum another write to the subject ends sooner than this; without one it does not end. */
const IN_FLIGHT_FOR_MS = 500;
const IN_FLIGHT_LOOK_MS = 25;

/** Publishes once; throws when there is no reply, and then the message may be stored or not. */
export const publishOnce = async (
  nats: Nats,
  publication: Publication,
  timeoutMs = PUBLISH_TIMEOUT_MS,
): Promise<Published> => {
  const untilMs = performance.now() + IN_FLIGHT_FOR_MS;
  for (;;) {
    try {
      return await tryToPublish(nats, publication, timeoutMs);
    } catch (error) {
      if (!isWriteInFlight(error) || performance.now() > untilMs) throw error;
      await pause(IN_FLIGHT_LOOK_MS);
    }
  }
};

const tryToPublish = async (
  nats: Nats,
  publication: Publication,
  timeoutMs: number,
): Promise<Published> => {
  const { subject, body, messageId, expectedLastSeq, schedule, ttlMs } = publication;
  const { cancelSchedule } = publication;
  await endOfTick();
  const headers = newHeaders(); // new for each try: the client writes into them
  for (const [name, value] of publication.headers ?? []) headers.set(name, value);
  try {
    const ack = await nats.js.publish(
      subject,
      typeof body === "string" ? Buffer.from(body) : body,
      {
        msgID: messageId,
        timeout: timeoutMs,
        headers,
        ...(expectedLastSeq === undefined
          ? {}
          : { expect: expecting(expectedLastSeq, publication.expectedLastOf) }),
        ...(cancelSchedule === undefined ? {} : cancelling(cancelSchedule)),
        ...(schedule === undefined
          ? {}
          : { schedule: { specification: new Date(schedule.atMs), target: schedule.target } }),
        ...(ttlMs === undefined ? {} : { ttl: `${ttlMs}ms` }),
      },
    );
    return { kind: "stored", seq: ack.seq, ...(ack.duplicate ? { isDuplicate: true } : {}) };
  } catch (error) {
    if (isTooLarge(error)) nats.refreshPayloadLimit();
    if (!isSequenceConflict(error)) throw error;
    // The reply to an earlier try may be lost: then the last message is this one, and no conflict.
    const last = await readLast(nats, publication.stream, subject);
    if (last !== null && storedHeader(last, MESSAGE_ID_HEADER) === messageId) {
      return { kind: "stored", seq: last.seq };
    }
    return { kind: "conflict" };
  }
};

const expecting = (lastSubjectSequence: number, lastSubjectSequenceSubject: string | undefined) =>
  lastSubjectSequenceSubject === undefined
    ? { lastSubjectSequence }
    : { lastSubjectSequence, lastSubjectSequenceSubject };

const cancelling = ({ subject, seq }: NonNullable<Publication["cancelSchedule"]>) => ({
  cancelSchedule: { scheduleSubject: subject },
  expect: { lastSubjectSequence: seq, lastSubjectSequenceSubject: subject },
});

/**
 * Publishes until the message is stored, or conflicts with another. Throws when a retry cannot help, and when the
 * signal is aborted meanwhile.
 */
export const publishUntilStored = async (
  nats: Nats,
  publication: Publication,
  log: Logger,
  signal: AbortSignal,
): Promise<Published> => {
  for (let n = 0; ; n += 1) {
    try {
      const published = await publishOnce(nats, publication);
      // An earlier try may have stored it, and its reply be lost: then it is new all the same.
      return published.kind === "stored" && n > 0
        ? { kind: "stored", seq: published.seq }
        : published;
    } catch (error) {
      if (!isUnavailable(error) || signal.aborted) throw error;
      const { stream, subject } = publication;
      const waits = { err: error, stream, ...idsInSubject(subject), tries: n + 1 };
      logRepeated(log, waits, "publish.retrying");
      await pause(backoffMs(n), signal);
    }
  }
};

/** The subject's last message, read from the stream's leader so that nothing stored is missed. */
export const readLast = (
  nats: Nats,
  stream: StreamName,
  subject: string,
): Promise<StoredMsg | null> => nats.jsm.streams.getMessage(stream, { last_by_subj: subject });

/**
 * The subject's first message from this sequence on, read from the stream's leader, or null. `subject` may have
 * wildcards. The server takes both fields (JSApiMsgGetRequest); the client's type has them for direct gets only,
 * and a follower that is a moment behind may reply to those.
 */
export const readNext = (
  nats: Nats,
  stream: StreamName,
  subject: string,
  seq: number,
): Promise<StoredMsg | null> =>
  nats.jsm.streams.getMessage(stream, { seq, next_by_subj: subject } as MsgRequest);

/** The message with this sequence, or null when it is not stored, or not any more. */
export const readSequence = (
  nats: Nats,
  stream: StreamName,
  seq: number,
): Promise<StoredMsg | null> => nats.jsm.streams.getMessage(stream, { seq });
