import { z } from "zod";
import { idSchema } from "./id.ts";

/** A producer may write null where it has nothing to say; that is the same as leaving it out. */
const optional = <T extends z.ZodType>(schema: T) => schema.nullish();

const seconds = z.number().nonnegative();

const common = {
  call_id: idSchema,
  agent_id: optional(idSchema),
  workspace_id: optional(idSchema),
  call_sid: optional(z.string()),
  custom_args_values: optional(z.record(z.string(), z.unknown())),
};

/** A workspace is told of its deliveries by events of its own; they have no call's particulars. */
const ofWorkspace = {
  call_id: idSchema,
  agent_id: optional(idSchema),
  workspace_id: optional(idSchema),
};

/** One turn of a call's transcript. */
export const turnSchema = z.union(
  [
    z.looseObject({ bot: z.string() }),
    z.looseObject({ user: z.string() }),
    z.looseObject({ role: z.string(), content: z.string() }),
  ],
  { error: "Invalid input: expected {bot: text}, {user: text} or {role: text, content: text}" },
);

/**
 * The catalogue of event types: what a body of each type may carry. Known fields are checked,
 * unknown fields pass. A further type is one more entry here.
 */
export const EVENT_SCHEMAS = {
  call_completed: z.looseObject({
    event_type: z.literal("call_completed"),
    ...common,
    call_duration: optional(seconds),
    call_type: optional(z.enum(["outbound", "inbound", "webcall"])),
    status: optional(z.enum(["completed", "failed", "retry"])),
    to_number: optional(z.string()),
    from_number: optional(z.string()),
    transcript: optional(z.array(turnSchema)),
    retry_count: optional(z.int().nonnegative()),
  }),
  recording_completed: z.looseObject({
    event_type: z.literal("recording_completed"),
    ...common,
    recording_url: optional(z.string()),
    recording_duration: optional(seconds),
  }),
  platform_analysis_completed: z.looseObject({
    event_type: z.literal("platform_analysis_completed"),
    ...common,
    analysis_data: optional(
      z.looseObject({
        key_points: optional(z.array(z.unknown())),
        summary: optional(z.string()),
      }),
    ),
  }),
  client_analysis_completed: z.looseObject({
    event_type: z.literal("client_analysis_completed"),
    ...common,
    analysis_data: z.unknown().optional(),
  }),
  /** Ringback's own: a delivery of another event was given up after its last attempt. */
  delivery_exhausted: z.looseObject({
    event_type: z.literal("delivery_exhausted"),
    ...ofWorkspace,
    delivery: optional(
      z.looseObject({
        event_id: optional(z.string()),
        event_type: optional(z.string()),
        agent_id: optional(idSchema),
        delivery_id: optional(idSchema),
        attempts: optional(z.int().positive()),
        given_up_at: optional(z.iso.datetime()),
        endpoint: optional(z.string()),
        reason: optional(z.string()),
        status_code: optional(z.int()),
      }),
    ),
  }),
} as const;

export type EventType = keyof typeof EVENT_SCHEMAS;

/** Every event type, in the catalogue's order. */
export const EVENT_TYPES = Object.keys(EVENT_SCHEMAS) as [EventType, ...EventType[]];

export const eventTypeSchema = z.enum(EVENT_TYPES);

/** True when `text` names an event type of the catalogue. */
export const isEventType = (text: string): text is EventType => Object.hasOwn(EVENT_SCHEMAS, text);
