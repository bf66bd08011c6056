import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { problemResponses, sendProblem } from "../../http/problem.ts";
import { redeliverEvent } from "../redeliver-event.ts";
import { REDELIVER_EXAMPLES, REDELIVERED_EXAMPLES } from "./redelivery-examples.ts";
import { rejectionProblem } from "./rejection-problem.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { requestKeyIn } from "../../idempotency/request-key.ts";
import type { Api } from "../../http/api.ts";
import type { RedeliveryDeps } from "../deps.ts";

const responseSchema = z.object({
  event_id: z.string(),
  delivery_id: z.string(),
  mode: z.enum(["redelivery", "retry_now"]).meta({
    description:
      "redelivery: a new delivery with the whole schedule; retry_now: the one that waited goes on",
  }),
  attempt: z.int().meta({ description: "The attempt of this delivery that is made next" }),
  attempts_left: z.int().nullable().meta({
    description:
      "retry_now: how many its schedule still has if this one fails; null: no record tells, or the whole schedule",
  }),
});

const bodySchema = z.strictObject({
  counts_against_schedule: z.boolean().optional().meta({
    description:
      "A delivery that waits uses up an attempt of its schedule by going on now; it does not unless this is true",
  }),
});

/** `POST /events/{event_id}/redeliver`: delivers an event again, or lets its delivery go on now. */
export const redeliverEventRoute = (
  api: Api,
  redelivery: RedeliveryDeps & { readonly eventsKeptMs: number },
): void => {
  api.post(
    "/events/:event_id/redeliver",
    {
      config: {
        scope: "write",
        bodyMayBeEmpty: true,
        documented: {
          problems: ["event_not_found", "delivery_in_progress", "event_not_deliverable"],
          takes: ["Idempotency-Key"],
          gives: ["Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "redeliverEvent",
        summary: "Deliver an event again",
        description:
          "A new delivery with the whole schedule, of an event that was delivered or given up; a delivery that waits for a retry goes on now instead.",
        tags: ["Redelivery"],
        params: z.object({ event_id: z.string() }),
        querystring: noQuerySchema,
        body: bodySchema.nullish().meta({ "x-examples": REDELIVER_EXAMPLES }),
        response: {
          202: responseSchema.meta({ "x-examples": REDELIVERED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const read = requestKeyIn(request);
      if (read.kind === "rejected") return sendProblem(reply, read);
      const { event_id } = request.params;
      const { workspaceId } = callerOf(request);
      const countsAgainstSchedule = request.body?.counts_against_schedule ?? false;
      const wanted = { workspaceId, eventId: event_id, key: read.key, countsAgainstSchedule };
      const result = await redeliverEvent(wanted, redelivery);
      if (result.kind === "rejected") {
        return sendProblem(
          reply,
          rejectionProblem(result.rejection, event_id, redelivery.eventsKeptMs),
        );
      }
      if (result.isRepeat) reply.header("idempotency-replayed", "true");
      const { counts_against_schedule: _, ...decided } = result.decided;
      return reply.code(202).send({ event_id, ...decided });
    },
  );
};
