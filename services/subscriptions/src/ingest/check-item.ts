import type { Buffer } from "node:buffer";
import {
  eventMessageOf,
  judgeEvent,
  readEventBody,
  type EventMessage,
} from "@ringback/contracts/event";
import type { EventFields } from "@ringback/contracts/event-fields";
import { eventTypeSchema } from "@ringback/contracts/event-types";
import { idSchema } from "@ringback/contracts/id";
import { WORKSPACE_AGENT } from "@ringback/contracts/workspace-agent";
import { z } from "zod";

/** One thing that is wrong with an event, and where in it. */
export type ItemError = { readonly path: readonly PropertyKey[]; readonly message: string };

export type CheckedItem =
  | { readonly kind: "event"; readonly event: EventMessage }
  /** The text is no JSON, and so its request is none. */
  | { readonly kind: "not_json"; readonly message: string }
  /** The first few things that are wrong. */
  | { readonly kind: "invalid"; readonly errors: readonly ItemError[] };

/** What says whose the event is; on NATS that is in the subject. */
const headSchema = z.object({
  event_type: eventTypeSchema,
  call_id: idSchema,
  agent_id: idSchema.refine((id) => id !== WORKSPACE_AGENT, "is reserved: no event is its own"),
});

/**
 * The message that an event becomes on EVENTS, with the bytes that were sent, or what is wrong with it:
 * all that the dispatcher would refuse, so that nothing is stored that cannot be delivered.
 */
export const checkItem = (
  workspaceId: string,
  bytes: Buffer,
  maxEventBytes: number,
): CheckedItem => {
  if (bytes.byteLength > maxEventBytes) {
    return invalid([
      { path: [], message: `is ${bytes.byteLength} bytes: at most ${maxEventBytes}` },
    ]);
  }
  const read = readEventBody(bytes);
  if (read.kind === "not_json") return { kind: "not_json", message: read.message };
  if (read.kind === "refused") return invalid([{ path: [], message: read.message }]);
  const { fields } = read;
  const head = headSchema.safeParse(fields);
  const errors = [...(head.error?.issues ?? []), ...foreignWorkspace(fields, workspaceId)];
  if (!head.success || errors.length > 0) return invalid(errors);
  const { event_type: eventType, call_id: callId, agent_id: agentId } = head.data;
  const judged = judgeEvent({ workspaceId, callId, agentId, eventType }, fields);
  if (judged.kind === "event") return { kind: "event", event: eventMessageOf(judged, bytes) };
  return invalid(judged.problems ?? [{ path: [], message: judged.message }]);
};

const invalid = (errors: readonly ItemError[]): CheckedItem => ({ kind: "invalid", errors });

const foreignWorkspace = (
  { workspace_id: said }: EventFields,
  workspaceId: string,
): ItemError[] => {
  if (typeof said !== "string" || said === workspaceId) return [];
  return [
    { path: ["workspace_id"], message: "must be the API key's own workspace, or be left out" },
  ];
};
