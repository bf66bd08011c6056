import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/nats-core";

/** Whether nats-server refused a request with this error number of its errors.json. */
const isRefusal =
  (code: number) =>
  (error: unknown): boolean =>
    error instanceof JetStreamApiError && error.code === code;

/** The stream does not exist. */
export const isStreamNotFound = isRefusal(10_059);

/** There is a stream of this name, with another configuration. */
export const isStreamNameInUse = isRefusal(10_058);

/** The consumer does not exist. */
export const isConsumerNotFound = isRefusal(10_014);

/** The stream has no room, and refuses rather than drop what it has (`discard: new`): only its age makes room. */
export const isStreamFull = isRefusal(10_077);

/** The subject has another last message than the publisher expected: nothing was stored. */
export const isSequenceConflict = isRefusal(10_071);

/** Another write to the subject is in flight, perhaps an earlier try of this one: nothing was stored. */
export const isWriteInFlight = isRefusal(10_164);

/** A message with the same id is being stored right now. */
const isFirstCopyInFlight = isRefusal(10_158);

/** The account's storage is full. The status is 400, though nothing about the request is wrong. */
const isAccountFull = isRefusal(10_002);

/** Errors of the server's own (5xx) that say what is wrong with a request, and so stay. */
const REFUSED_CONFIGURATIONS = new Set([
  10_047, // not enough storage for the stream's size
  10_052, // the stream's configuration is not valid
  10_074, // replicas without a cluster
]);

/** The message is larger than the `max_payload` that the server named when the client connected. */
export const isTooLarge = (error: unknown): boolean =>
  error instanceof errors.InvalidArgumentError && error.message.includes("max_payload");

/** The stream's replies cannot be relied on now, so no request is sent. */
export class UnavailableStreamError extends Error {
  override readonly name = "UnavailableStreamError";
}

/** This NATS user lacks the permission. An operator can grant it meanwhile, so callers wait as for an outage. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof errors.PermissionViolationError;

/**
 * The request itself was right, but there was no server, no leader, no room, or no reply in time. A retry may help.
 * Whether the server carried the request out is not known.
 */
export const isUnavailable = (error: unknown): boolean => {
  if (error instanceof JetStreamApiError) {
    if (REFUSED_CONFIGURATIONS.has(error.code)) return false;
    if (error.status >= 500) return true;
    return isFirstCopyInFlight(error) || isAccountFull(error) || isWriteInFlight(error);
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
