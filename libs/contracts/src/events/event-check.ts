import { EVENT_TYPES, isBuiltIn, type EventType } from "./event-types.ts";
import { eventWarnings, type EventWarning } from "./event-warnings.ts";
import { readEvent, type ReadEvent } from "./event.ts";
import type { EventAddress } from "../streams/subjects.ts";
import { isWorkspaceEventType, WORKSPACE_AGENT } from "../agents/workspace-agent.ts";

/** The event types beside the built-in ones: any, or these. */
export type EventTypePolicy =
  | { readonly kind: "open" }
  | { readonly kind: "catalogue"; readonly added: ReadonlySet<EventType> };

/** The operator's rules for events. */
export type EventRules = {
  readonly types: EventTypePolicy;
  /** Whether an event with warnings is delivered or refused. */
  readonly schema: "warn" | "refuse";
  /** Whether a workspace added the type. */
  readonly isOwnType: (workspaceId: string, eventType: EventType) => boolean;
};

export type CheckedEvent =
  | {
      readonly kind: "event";
      readonly address: EventAddress;
      readonly warnings: readonly EventWarning[];
    }
  /** An event of an unknown type. */
  | { readonly kind: "unknown_type"; readonly message: string; readonly address: EventAddress }
  /** An event with warnings, which the rules refuse. */
  | {
      readonly kind: "warned";
      readonly message: string;
      readonly warnings: readonly EventWarning[];
    }
  | { readonly kind: "invalid"; readonly message: string };

/**
 * The one check of events, for NATS, HTTP and redelivery. The fields that route must be valid; an unexpected value
 * of another known field is a warning.
 */
export const checkEvent = (subject: string, body: Uint8Array, rules: EventRules): CheckedEvent => {
  const read = readEvent(subject, body);
  return read.kind === "invalid" ? read : checkReadEvent(read, body, rules);
};

/** The same for an event that was parsed before. */
export const checkReadEvent = (
  { address, members }: Pick<ReadEvent & { kind: "event" }, "address" | "members">,
  body: Uint8Array,
  rules: EventRules,
): CheckedEvent => {
  const problem = agentProblem(address);
  if (problem !== undefined) return { kind: "invalid", message: problem };
  if (!isKnownType(address, rules)) {
    return { kind: "unknown_type", message: unknownTypeMessage(address.eventType, rules), address };
  }
  const warnings = eventWarnings(address.eventType, members, body);
  if (rules.schema === "refuse" && warnings.length > 0) {
    const message = warnings.map((warning) => `${warning.path}: ${warning.message}`).join("; ");
    return { kind: "warned", message, warnings };
  }
  return { kind: "event", address, warnings };
};

export const isKnownType = (
  { workspaceId, eventType }: Pick<EventAddress, "workspaceId" | "eventType">,
  { types, isOwnType }: Pick<EventRules, "types" | "isOwnType">,
): boolean =>
  isBuiltIn(eventType) ||
  types.kind === "open" ||
  types.added.has(eventType) ||
  isOwnType(workspaceId, eventType);

/** The message for an unknown type. */
export const unknownTypeMessage = (
  eventType: EventType,
  { types }: Pick<EventRules, "types">,
): string =>
  `event type '${eventType}' is not known: expected one of ${knownTypesOf({ types }).join(", ")}, or a type that the workspace added`;

/** The workspace's agent has the workspace's event types only, and no other agent has them. */
const agentProblem = ({ agentId, eventType }: EventAddress): string | undefined => {
  const isOfWorkspace = agentId === WORKSPACE_AGENT;
  if (isWorkspaceEventType(eventType) === isOfWorkspace) return undefined;
  return isOfWorkspace
    ? `event type '${eventType}' is of calls: agent '${WORKSPACE_AGENT}' has none of them`
    : `event type '${eventType}' is Ringback's own: only agent '${WORKSPACE_AGENT}' has it`;
};

/** The event types of calls that every workspace has, built-in ones first. */
export const knownTypesOf = ({ types }: Pick<EventRules, "types">): readonly EventType[] => {
  const added = types.kind === "open" ? [] : [...types.added].toSorted();
  return [...EVENT_TYPES.filter((type) => !isWorkspaceEventType(type)), ...added];
};
