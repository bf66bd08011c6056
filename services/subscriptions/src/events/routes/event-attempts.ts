import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { eventNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { attemptResponse, attemptResponseSchema } from "./attempt-response.ts";
import { pageQuerySchema, seqCursor } from "../../http/pagination.ts";
import type { Api } from "../../http/api.ts";
import type { EventReader } from "../event-reader.ts";
import { eventPathSchema } from "./get-event.ts";

const responseSchema = z.object({
  attempts: z.array(attemptResponseSchema),
  next_cursor: z.string().nullable(),
});

/** `GET /events/{event_id}/attempts`: every attempt at an event, in all its deliveries, newest first. */
export const eventAttemptsRoute = (api: Api, reader: EventReader): void => {
  api.get(
    "/events/:event_id/attempts",
    {
      config: { scope: "read", documented: { problems: ["event_not_found"] } },
      schema: {
        operationId: "listEventAttempts",
        summary: "List the attempts at an event",
        description:
          "Every attempt at an event in all its deliveries, redeliveries too, newest first. Read from the streams: never behind.",
        tags: ["Attempts"],
        params: eventPathSchema,
        querystring: pageQuerySchema,
        response: { 200: responseSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { event_id: eventId } = request.params;
      const { limit, cursor: beforeSeq } = request.query;
      const event = await reader.storedEvent(callerOf(request).workspaceId, eventId);
      if (event === undefined) return sendProblem(reply, eventNotFound(eventId));
      const { attempts, nextBeforeSeq } = await reader.attemptsOf(event, { limit, beforeSeq });
      return {
        attempts: attempts.map(attemptResponse),
        next_cursor: nextBeforeSeq === undefined ? null : seqCursor.encode(nextBeforeSeq),
      };
    },
  );
};
