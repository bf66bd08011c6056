import { nextStepSchema, outcomeSchema, TRIGGERS } from "@ringback/contracts/deliveries/attempt";
import { METHOD_TYPES } from "@ringback/contracts/agents/subscription";
import { z } from "zod";
import type { StoredAttempt } from "../../streams/records.ts";
import { recordFor, type Viewer } from "../hidden-payloads.ts";

/** What names the endpoint in attempts and dead letters; neither: the agent's subscription. */
export const endpointFields = {
  endpoint_id: z.string().optional().meta({
    description: "The endpoint it went to; missing: the agent's subscription.",
  }),
  uid: z.string().optional().meta({ description: "Your own id of the endpoint." }),
};

/** One attempt in a response. Other fields of its record stay internal. */
export const attemptResponseSchema = z.object({
  delivery_id: z.string().meta({
    description: "The same for an attempt and its retries; a redelivery has another one.",
  }),
  ...endpointFields,
  redelivery_id: z.string().optional().meta({ description: "The job that redelivered it." }),
  attempt: z.int().meta({ description: "Counts the attempts of its delivery from 1." }),
  trigger: z.enum(TRIGGERS),
  at: z.string().meta({ description: "When it began." }),
  duration_ms: z.number(),
  request: z
    .object({ method: z.enum(METHOD_TYPES), url: z.string() })
    .optional()
    .meta({ description: "The URL without its query; missing where nothing was sent." }),
  outcome: outcomeSchema,
  response: z
    .object({
      headers: z.record(z.string(), z.string()).optional(),
      body_excerpt: z.string().optional(),
      body_hidden: z.literal(true).optional().meta({
        description: "There was a body, which is for callers with `payloads`.",
      }),
    })
    .optional(),
  next: nextStepSchema,
  resent: z.literal(true).optional().meta({
    description:
      "The request was sent twice within this attempt: the endpoint had closed a kept connection before it responded.",
  }),
  out_of_turn: z.literal(true).optional().meta({
    description:
      "The destination keeps the order of a call's events, and `max_wait` was over before this one's turn.",
  }),
});

export type AttemptResponse = z.infer<typeof attemptResponseSchema>;

/** Presents an attempt to a caller. */
export const attemptResponse = (
  { deliveryId, record }: StoredAttempt,
  viewer: Viewer,
): AttemptResponse =>
  attemptResponseSchema.parse({ ...recordFor(record, viewer), delivery_id: deliveryId });
