import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/nats-core";

// Numbers from nats-server's errors.json.
const STREAM_NOT_FOUND = 10_059;
const CONSUMER_NOT_FOUND = 10_014;
const WRONG_LAST_SEQUENCE = 10_071;
/** The same, while another write to the subject is in flight in a cluster. */
const WRONG_LAST_SEQUENCE_UNKNOWN = 10_164;
/** A message with the same id is being stored right now. */
const FIRST_COPY_IN_FLIGHT = 10_158;
/** The account's storage is full; answered with status 400, though nothing about the request is wrong. */
const ACCOUNT_FULL = 10_002;

/** A stream that pushes back (`discard: new`) has reached its limit. */
const STREAM_FULL = 10_077;

/** Errors of the server's own (5xx) that say what is wrong with a wish, and so stay. */
const REFUSED_CONFIGURATIONS = new Set([
  10_047, // not enough storage for the stream's size
  10_052, // the stream's configuration is not valid
  10_074, // replicas without a cluster
]);

const STREAM_NAME_IN_USE = 10_058;

const apiCode = (error: unknown): number | undefined =>
  error instanceof JetStreamApiError ? error.code : undefined;

/** The stream does not exist. */
export const isStreamNotFound = (error: unknown): boolean => apiCode(error) === STREAM_NOT_FOUND;

/** There is a stream of this name, with another configuration. */
export const isStreamNameInUse = (error: unknown): boolean => apiCode(error) === STREAM_NAME_IN_USE;

/** The consumer does not exist. */
export const isConsumerNotFound = (error: unknown): boolean =>
  apiCode(error) === CONSUMER_NOT_FOUND;

/** The stream has no room, and refuses rather than drop what it has: only its age makes room. */
export const isStreamFull = (error: unknown): boolean => apiCode(error) === STREAM_FULL;

/** The subject has another last message than the publisher expected: nothing was stored. */
export const isSequenceConflict = (error: unknown): boolean => {
  return apiCode(error) === WRONG_LAST_SEQUENCE;
};

/** Another write to the subject is in flight, perhaps an earlier try of this one: nothing was stored. */
export const isWriteInFlight = (error: unknown): boolean =>
  apiCode(error) === WRONG_LAST_SEQUENCE_UNKNOWN;

/** The server takes no message of that size (`max_payload`), by what it said when it was connected to. */
export const isTooLarge = (error: unknown): boolean =>
  error instanceof errors.InvalidArgumentError && error.message.includes("max_payload");

/** A stream that could be asked would say nothing that can be relied on. */
export class UnavailableStreamError extends Error {
  override readonly name = "UnavailableStreamError";
}

/** This user may not ask that of the server. Whoever may can change it, so it counts as unavailable too. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof errors.PermissionViolationError;

/**
 * Nothing that the request said was wrong: no server, no leader, no room, or no answer in time.
 * Trying again may help, and whether the request was carried out is not known.
 */
export const isUnavailable = (error: unknown): boolean => {
  if (error instanceof JetStreamApiError) {
    if (REFUSED_CONFIGURATIONS.has(error.code)) return false;
    return (
      [FIRST_COPY_IN_FLIGHT, ACCOUNT_FULL, WRONG_LAST_SEQUENCE_UNKNOWN].includes(error.code) ||
      error.status >= 500
    );
  }
  if (error instanceof Error && error.name === NOT_ENABLED) return true;
  return UNAVAILABLE.some((kind) => error instanceof kind);
};

// During a leader election a publish meets no responders, which the client reads as "not enabled";
// the class of that error is not exported.
const NOT_ENABLED = "JetStreamNotEnabled";

const UNAVAILABLE = [
  UnavailableStreamError,
  errors.TimeoutError,
  errors.NoRespondersError,
  errors.RequestError,
  errors.ConnectionError,
  errors.ClosedConnectionError,
  errors.DrainingConnectionError,
];
