import type { Buffer } from "node:buffer";
import { callIdSchema } from "@ringback/contracts/events/call-id";
import {
  eventMessageOf,
  validateEvent,
  readEventBody,
  routingFields,
  type EventMessage,
} from "@ringback/contracts/events/event";
import { checkReadEvent, type EventRules } from "@ringback/contracts/events/event-check";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import type { EventWarning } from "@ringback/contracts/events/event-warnings";
import { idSchema } from "@ringback/contracts/id";
import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import { z } from "zod";
import type { Sight } from "../sight/decide/sight.ts";
import { withValue } from "../http/decide/issue-text.ts";
import { readable } from "../http/validation.ts";

/** One fault of an event, and the path of its field. */
export type ItemError = { readonly path: readonly PropertyKey[]; readonly message: string };

export type CheckedItem =
  | {
      readonly kind: "event";
      readonly event: EventMessage;
      readonly agentId: string;
      readonly eventType: string;
      readonly warnings: readonly EventWarning[];
    }
  /** The text is no JSON, so the whole request is none. */
  | { readonly kind: "not_json" }
  /** The first few things that are wrong. */
  | { readonly kind: "invalid"; readonly errors: readonly ItemError[] };

/** A field of an event with a value that readers do not expect, in a response. */
export const warningSchema = z
  .object({ path: z.string(), message: z.string() })
  .meta({ id: "Warning", description: "The event is delivered as it is." });

/** The fields that say which agent and call an event is of; on NATS the subject says that. */
const headSchema = z.object({
  event_type: eventTypeSchema,
  call_id: callIdSchema,
  agent_id: idSchema.refine((id) => id !== WORKSPACE_AGENT, "is reserved: no event is its own"),
});

/** The publisher's workspace and agents, and which events are accepted. */
export type ItemRules = Pick<Sight, "workspaceId" | "agents"> & {
  readonly maxEventBytes: number;
  readonly events: EventRules;
};

/**
 * The message that an event becomes on EVENTS, with the bytes that were sent, or its faults: all that the
 * dispatcher would refuse, so that every stored event can be delivered.
 */
export const checkItem = (
  bytes: Buffer,
  { workspaceId, maxEventBytes, events: rules }: ItemRules,
): CheckedItem => {
  if (bytes.byteLength > maxEventBytes) {
    return invalid(`is ${bytes.byteLength} bytes: at most ${maxEventBytes}`);
  }
  const read = readEventBody(bytes);
  if (read.kind === "not_json") return read;
  if (read.kind === "refused") return invalid(read.message);
  const fields = routingFields(read.members, bytes);
  const head = readable(headSchema, fields);
  const wrong = (head.error?.issues ?? []).map((issue) => ({
    path: issue.path,
    message: withValue(issue),
  }));
  const errors = [...wrong, ...foreignWorkspace(fields, workspaceId)];
  if (!head.success || errors.length > 0) return { kind: "invalid", errors };
  const { event_type: eventType, call_id: callId, agent_id: agentId } = head.data;
  const event = validateEvent({ workspaceId, callId, agentId, eventType }, read.members, bytes);
  if (event.kind === "invalid") return invalid(event.message);
  const checked = checkReadEvent(event, bytes, rules);
  switch (checked.kind) {
    case "event": {
      const { warnings } = checked;
      const message = eventMessageOf(event, bytes);
      return { kind: "event", event: message, agentId, eventType, warnings };
    }
    case "warned": {
      const found = checked.warnings.map((one) => ({ ...one, path: one.path.split(".") }));
      return { kind: "invalid", errors: found };
    }
    case "unknown_type":
    case "invalid":
      return invalid(checked.message, ["event_type"]);
    default:
      return checked satisfies never;
  }
};

const invalid = (message: string, path: readonly PropertyKey[] = []): CheckedItem => ({
  kind: "invalid",
  errors: [{ path, message }],
});

const foreignWorkspace = (
  { workspace_id: said }: Readonly<Record<string, unknown>>,
  workspaceId: string,
): ItemError[] => {
  if (said === undefined || said === null || said === workspaceId) return [];
  return [
    { path: ["workspace_id"], message: "must be the API key's own workspace, or be left out" },
  ];
};
