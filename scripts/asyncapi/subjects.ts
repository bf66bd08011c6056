import { EVENT_TYPES, type EventType } from "@ringback/contracts/events/event-types";
import { dueRetrySubject, scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { fanOutSubject } from "@ringback/contracts/deliveries/fan-out";
import { endpointSubject } from "@ringback/contracts/streams/endpoint-subject";
import { eventTypeSubject } from "@ringback/contracts/streams/event-type-subject";
import {
  attemptSubject,
  deadLetterSubject,
  eventSubject,
  subscriptionSubject,
} from "@ringback/contracts/streams/subjects";
import { operationSubject } from "@ringback/contracts/streams/operation-subjects";
import type { SubjectParameter } from "./channel.ts";

/** What each token of a subject may be, in words. */
export const PARAMETERS: Readonly<
  Record<SubjectParameter, { readonly description: string; readonly enum?: readonly string[] }>
> = {
  workspace_id: { description: "The customer's account: 1 to 128 of A-Z a-z 0-9 _ -" },
  call_id: {
    description:
      "The call: of A-Z a-z 0-9 _ -, and of any other visible ASCII as = and two hexadecimal digits (`.` is `=2E`)",
  },
  agent_id: { description: "The agent, unique in its workspace: 1 to 128 of A-Z a-z 0-9 _ -" },
  event_type: {
    description: `One of ${EVENT_TYPES.join(", ")}, or a type that was added: a-z, 0-9 and _, at most 64`,
  },
  delivery_id: { description: "The delivery; an opaque token" },
  endpoint_id: { description: "The endpoint: `ep_` and 16 of a-z and 2-7" },
  event_seq: { description: "The event's sequence on EVENTS" },
};

const AT = {
  workspaceId: "workspace_id",
  callId: "call_id",
  agentId: "agent_id",
  eventType: "event_type" as EventType,
};

/** Stands for an endpoint, and for an event's sequence, which have a form of their own. */
const [ENDPOINT, SEQUENCE] = ["ep_aaaaaaaaaaaaaaaa", 7];

/** A subject that was built from the parameters' names, with those in braces. */
const withBraces = (subject: string): string => {
  const [first = "", ...rest] = subject.split(".");
  const tokens = rest.map((token) => (Object.hasOwn(PARAMETERS, token) ? `{${token}}` : token));
  return [first, ...tokens].join(".");
};

/** Each form of subject, from the function that builds it: written once, in contracts. */
export const SUBJECTS = {
  events: withBraces(eventSubject(AT)),
  attempts: withBraces(attemptSubject(AT, "delivery_id")),
  deadLetters: withBraces(deadLetterSubject(AT)),
  subscriptions: withBraces(subscriptionSubject(AT)),
  endpoints: withBraces(endpointSubject({ ...AT, endpointId: ENDPOINT })).replace(
    ENDPOINT,
    "{endpoint_id}",
  ),
  fanOuts: withBraces(fanOutSubject(AT, SEQUENCE)).replace(`.${SEQUENCE}.`, ".{event_seq}."),
  ownTypes: withBraces(eventTypeSubject(AT.workspaceId, AT.eventType)),
  scheduledRetries: withBraces(scheduledRetrySubject(AT, "delivery_id")),
  dueRetries: withBraces(dueRetrySubject(AT, "delivery_id")),
  exhausted: withBraces(operationSubject(AT.workspaceId, "delivery.exhausted")),
  invalid: withBraces(operationSubject(AT.workspaceId, "event.invalid")),
  failing: withBraces(operationSubject(AT.workspaceId, "endpoint.failing")),
  recovered: withBraces(operationSubject(AT.workspaceId, "endpoint.recovered")),
} as const;

/** The parameters that a subject in braces has. */
export const parametersIn = (subject: string): SubjectParameter[] =>
  [...subject.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as SubjectParameter);
