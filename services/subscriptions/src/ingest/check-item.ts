import { isUtf8, type Buffer } from "node:buffer";
import { eventMessage, type EventMessage } from "@ringback/contracts/event";
import { callIdSchema } from "@ringback/contracts/call-id";
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
  | { readonly kind: "invalid"; readonly errors: readonly ItemError[] };

/** What says whose the event is; on NATS that is in the subject. */
const headSchema = z.looseObject({
  event_type: eventTypeSchema,
  call_id: callIdSchema,
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
    const message = `is ${bytes.byteLength} bytes: at most ${maxEventBytes}`;
    return { kind: "invalid", errors: [{ path: [], message }] };
  }
  const json = jsonIn(bytes);
  if (json.kind === "not_json") return json;
  const head = headSchema.safeParse(json.value);
  const errors = [...(head.error?.issues ?? []), ...foreignWorkspace(json.value, workspaceId)];
  if (!head.success || errors.length > 0) return { kind: "invalid", errors };
  const { event_type: eventType, call_id: callId, agent_id: agentId } = head.data;
  try {
    const event = eventMessage({ workspaceId, callId, agentId, eventType, body: bytes });
    return { kind: "event", event };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // which is how it says what is wrong
    return { kind: "invalid", errors: [{ path: [], message: error.message }] };
  }
};

const jsonIn = (
  bytes: Buffer,
): { readonly kind: "value"; readonly value: unknown } | (CheckedItem & { kind: "not_json" }) => {
  if (!isUtf8(bytes)) return { kind: "not_json", message: "is not UTF-8" };
  try {
    return { kind: "value", value: JSON.parse(bytes.toString("utf8")) };
  } catch (error) {
    // Not the parser's message: it quotes the text.
    const place = /at position \d+/.exec(String(error))?.[0];
    return {
      kind: "not_json",
      message: `is not valid JSON${place === undefined ? "" : ` ${place}`}`,
    };
  }
};

const foreignWorkspace = (value: unknown, workspaceId: string): ItemError[] => {
  if (typeof value !== "object" || value === null || !("workspace_id" in value)) return [];
  const { workspace_id: said } = value;
  if (typeof said !== "string" || said === workspaceId) return [];
  return [
    { path: ["workspace_id"], message: "must be the API key's own workspace, or be left out" },
  ];
};
