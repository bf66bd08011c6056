import { callIdOf, callToken } from "../events/call-id.ts";
import { isEventTypeName, type EventType } from "../events/event-types.ts";
import { isId } from "../id.ts";

/** All streams of Ringback. */
export const STREAMS = {
  subscriptions: "SUBSCRIPTIONS",
  events: "EVENTS",
  retries: "RETRIES",
  attempts: "ATTEMPTS",
  deadLetters: "DEAD_LETTERS",
  requests: "REQUESTS",
  leases: "LEASES",
  operations: "OPERATIONS",
  redeliveries: "REDELIVERIES",
  access: "ACCESS",
  audit: "AUDIT",
} as const;

export type StreamName = (typeof STREAMS)[keyof typeof STREAMS];

export const isStreamName = (name: string): name is StreamName =>
  Object.values<string>(STREAMS).includes(name);

/** The durable consumers' name, on EVENTS and on RETRIES. */
export const DISPATCHER_CONSUMER = "dispatcher";

export const ALL_SUBSCRIPTIONS = "subscriptions.>";
export const ALL_EVENTS = "events.>";
export const ATTEMPT_RECORDS = "attempts.>";
export const ALL_DEAD_LETTERS = "dead_letters.>";

/** The schedules of RETRIES: no consumer may receive them, as an acknowledgement would delete one. */
export const SCHEDULED_RETRIES = "retries.scheduled.>";

/** The filter of the dispatcher's consumer on RETRIES: never the schedules themselves. */
export const DUE_RETRIES = "retries.due.>";

/** All subjects of each stream. */
export const STREAM_SUBJECTS: Readonly<Record<StreamName, readonly string[]>> = {
  SUBSCRIPTIONS: [ALL_SUBSCRIPTIONS],
  EVENTS: [ALL_EVENTS],
  RETRIES: [SCHEDULED_RETRIES, DUE_RETRIES],
  ATTEMPTS: [ATTEMPT_RECORDS],
  DEAD_LETTERS: [ALL_DEAD_LETTERS],
  REQUESTS: ["requests.>"],
  LEASES: ["leases.>"],
  OPERATIONS: ["operations.>"],
  REDELIVERIES: ["redeliveries.>"],
  ACCESS: ["access.>"],
  AUDIT: ["audit.>"],
};

/**
 * The age of streams without a setting. REQUESTS: how long a response to an `Idempotency-Key` can be repeated.
 * OPERATIONS: attempts and dead letters hold the same for longer.
 */
export const STREAM_MAX_AGE_MS = {
  REQUESTS: 24 * 60 * 60_000,
  OPERATIONS: 7 * 24 * 60 * 60_000,
  REDELIVERIES: 30 * 24 * 60 * 60_000,
} as const;

/** The streams with a durable consumer of the dispatcher, and its filter. */
export const DISPATCHER_FILTERS = { EVENTS: ALL_EVENTS, RETRIES: DUE_RETRIES } as const;

/** The owner of an event, from its subject. */
export type EventAddress = {
  readonly workspaceId: string;
  readonly callId: string;
  readonly agentId: string;
  readonly eventType: EventType;
};

/** An agent of a workspace; agent ids alone are not unique. */
export type AgentAddress = { readonly workspaceId: string; readonly agentId: string };

/** One token of a subject; throws for an invalid id, as `*`, `>` and dots would change the owner. */
export const token = (id: string): string => {
  if (!isId(id)) {
    throw new TypeError(
      `'${id}' cannot be part of a subject: expected 1 to 128 of A-Z a-z 0-9 _ -`,
    );
  }
  return id;
};

const eventTokens = (at: EventAddress): string =>
  `${token(at.workspaceId)}.${callToken(at.callId)}.${token(at.agentId)}.${token(at.eventType)}`;

export const eventSubject = (at: EventAddress): string => `events.${eventTokens(at)}`;

export const subscriptionSubject = ({ workspaceId, agentId }: AgentAddress): string =>
  `subscriptions.${token(workspaceId)}.${token(agentId)}`;

/** One subject per `Idempotency-Key` of a workspace, named by the key's hash. */
export const requestSubject = (workspaceId: string, keyHash: string): string =>
  `requests.${token(workspaceId)}.${token(keyHash)}`;

/** One subject per delivery, so that its attempts can be appended with an expected sequence. */
export const attemptSubject = (at: EventAddress, deliveryId: string): string =>
  `attempts.${eventTokens(at)}.${token(deliveryId)}`;

/** Every event of a call, including those with an invalid subject. */
export const eventsOfCall = (workspaceId: string, callId: string): string =>
  `events.${token(workspaceId)}.${callToken(callId)}.>`;

/** Every attempt at every event of a call. */
export const attemptsOfCall = (workspaceId: string, callId: string): string =>
  `attempts.${token(workspaceId)}.${callToken(callId)}.>`;

/** Every attempt at the events with this address; a call may have several of a type. */
export const attemptsOfAddress = (at: EventAddress): string => `attempts.${eventTokens(at)}.>`;

/** Every redelivery job. */
export const REDELIVERY_JOBS = "redeliveries.>";

/** One subject per redelivery job; the last message holds its progress. */
export const redeliverySubject = (workspaceId: string, redeliveryId: string): string =>
  `redeliveries.${token(workspaceId)}.${token(redeliveryId)}`;

/** Replaces an unknown or invalid token of a dead letter's subject. */
export const UNKNOWN_TOKEN = "_";

/** The subject of a delivery's dead letter; unknown tokens become `_`. */
export const deadLetterSubject = (at: {
  readonly [K in keyof EventAddress]: EventAddress[K] | undefined;
}): string => {
  const known = (id: string | undefined): string => token(id ?? UNKNOWN_TOKEN);
  const call = at.callId === undefined ? UNKNOWN_TOKEN : callToken(at.callId);
  return `dead_letters.${known(at.workspaceId)}.${call}.${known(at.agentId)}.${known(at.eventType)}`;
};

/**
 * The known tokens of any subject. With too few or too many tokens only the workspace is known, as it comes first.
 */
export const partsOfEventSubject = (
  subject: string,
): { readonly [K in keyof EventAddress]: string | undefined } => {
  const [, workspace = "", ...rest] = subject.split(".");
  const [call = "", agent = "", type = ""] = rest.length === 3 ? rest : [];
  return {
    workspaceId: idIn(workspace),
    callId: callIdOf(call),
    agentId: idIn(agent),
    eventType: idIn(type),
  };
};

const idIn = (text: string): string | undefined => (isId(text) ? text : undefined);

/**
 * The subject of the dead letter for a message with any subject: known tokens stay, so that a workspace finds its
 * own; the others become `_`.
 */
export const invalidEventDeadLetterSubject = (subject: string): string =>
  deadLetterSubject(partsOfEventSubject(subject));

export type ParsedEventSubject =
  | { readonly kind: "event"; readonly address: EventAddress }
  | { readonly kind: "invalid"; readonly message: string };

/** Parses a subject of EVENTS. */
export const parseEventSubject = (subject: string): ParsedEventSubject => {
  const [prefix, workspaceId, callId, agentId, eventType, ...rest] = subject.split(".");
  if (
    prefix !== "events" ||
    workspaceId === undefined ||
    callId === undefined ||
    agentId === undefined ||
    eventType === undefined ||
    rest.length > 0
  ) {
    return invalid(
      `subject '${subject}' is not events.<workspace_id>.<call_id>.<agent_id>.<event_type>`,
    );
  }
  if (!isId(workspaceId)) return invalid(noId("workspaceId", workspaceId, subject));
  if (!isId(agentId)) return invalid(noId("agentId", agentId, subject));
  const call = callIdOf(callId);
  if (call === undefined) {
    return invalid(
      `${noId("callId", callId, subject)}, or of them and = with two digits of 0-9 A-F`,
    );
  }
  if (!isEventTypeName(eventType)) {
    return invalid(`event type '${eventType}' in subject '${subject}' is no name of an event type`);
  }
  return { kind: "event", address: { workspaceId, callId: call, agentId, eventType } };
};

const noId = (name: string, id: string, subject: string): string =>
  `${name} '${id}' in subject '${subject}' is not 1 to 128 characters of A-Z a-z 0-9 _ -`;

const invalid = (message: string): ParsedEventSubject => ({ kind: "invalid", message });

/** The agent in a subject of SUBSCRIPTIONS, or undefined. */
export const parseSubscriptionSubject = (subject: string): AgentAddress | undefined => {
  const [prefix, workspaceId, agentId, ...rest] = subject.split(".");
  if (prefix !== "subscriptions" || rest.length > 0) return undefined;
  if (workspaceId === undefined || agentId === undefined) return undefined;
  return isId(workspaceId) && isId(agentId) ? { workspaceId, agentId } : undefined;
};

/** The delivery in a subject of ATTEMPTS, or undefined. */
export const deliveryIdInAttemptSubject = (subject: string): string | undefined => {
  const tokens = subject.split(".");
  const id = tokens[5];
  return tokens[0] === "attempts" && tokens.length === 6 && id !== undefined && isId(id)
    ? id
    : undefined;
};
