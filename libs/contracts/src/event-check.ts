import { EVENT_TYPES, isBuiltIn, type EventType } from "./event-types.ts";
import { eventWarnings, type EventWarning } from "./event-warnings.ts";
import { readEvent } from "./event.ts";
import type { EventAddress } from "./subjects.ts";
import { isWorkspaceEventType, WORKSPACE_AGENT } from "./workspace-agent.ts";

/** Which event types there are beside the built-in ones: any, or these. */
export type EventTypePolicy =
  | { readonly kind: "open" }
  | { readonly kind: "catalogue"; readonly added: ReadonlySet<EventType> };

/** What an operator lets pass. */
export type EventRules = {
  readonly types: EventTypePolicy;
  /** What becomes of an event with warnings: it is delivered, or it is none. */
  readonly schema: "warn" | "refuse";
};

export type CheckedEvent =
  | {
      readonly kind: "event";
      readonly address: EventAddress;
      readonly warnings: readonly EventWarning[];
    }
  | { readonly kind: "invalid"; readonly message: string };

/**
 * What a message is, by the one rule of all who take events: NATS, HTTP, and redelivery. What routes has to
 * be right; a known field with a value that readers do not expect is a warning.
 */
export const checkEvent = (subject: string, body: Uint8Array, rules: EventRules): CheckedEvent => {
  const read = readEvent(subject, body);
  if (read.kind === "invalid") return read;
  const { address, members } = read;
  const problem = typeProblem(address, rules.types);
  if (problem !== undefined) return { kind: "invalid", message: problem };
  const warnings = eventWarnings(address.eventType, members, body);
  if (rules.schema === "refuse" && warnings.length > 0) {
    const message = warnings.map((warning) => `${warning.path}: ${warning.message}`).join("; ");
    return { kind: "invalid", message };
  }
  return { kind: "event", address, warnings };
};

/** True for a type that events may have here. */
export const isKnownType = (eventType: EventType, policy: EventTypePolicy): boolean =>
  isBuiltIn(eventType) || policy.kind === "open" || policy.added.has(eventType);

/** Why this agent has no events of this type, or undefined. */
export const typeProblem = (
  { agentId, eventType }: Pick<EventAddress, "agentId" | "eventType">,
  policy: EventTypePolicy,
): string | undefined => {
  if (!isKnownType(eventType, policy)) {
    return `event type '${eventType}' is not known: expected one of ${typesOf(policy).join(", ")}`;
  }
  const isOfWorkspace = agentId === WORKSPACE_AGENT;
  if (isWorkspaceEventType(eventType) === isOfWorkspace) return undefined;
  return isOfWorkspace
    ? `event type '${eventType}' is of calls: agent '${WORKSPACE_AGENT}' has none of them`
    : `event type '${eventType}' is Ringback's own: only agent '${WORKSPACE_AGENT}' has it`;
};

/** The types of calls that are known, built-in ones first. */
export const typesOf = (policy: EventTypePolicy): readonly EventType[] => {
  const added = policy.kind === "open" ? [] : [...policy.added].toSorted();
  return [...EVENT_TYPES.filter((type) => !isWorkspaceEventType(type)), ...added];
};
