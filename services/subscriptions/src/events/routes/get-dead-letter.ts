import { callerOf } from "../../http/auth/caller.ts";
import { deadLetterNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { deadLetterResponse, deadLetterResponseSchema } from "./dead-letter-response.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import type { Api } from "../../http/api.ts";
import type { EventReader } from "../event-reader.ts";
import { eventPathSchema } from "./get-event.ts";

/** `GET /dead-letters/{event_id}`: the dead letter of an event, which Ringback keeps longer than the event. */
export const getDeadLetterRoute = (api: Api, reader: EventReader): void => {
  api.get(
    "/dead-letters/:event_id",
    {
      config: { scope: "read", documented: { problems: ["dead_letter_not_found"] } },
      schema: {
        operationId: "getDeadLetter",
        summary: "Read a dead letter",
        description:
          "Why an event was given up, also when the event itself is kept no more; of one that could not be understood with the message as it came.",
        tags: ["Dead letters"],
        params: eventPathSchema,
        querystring: noQuerySchema,
        response: { 200: deadLetterResponseSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { event_id: eventId } = request.params;
      const deadLetter = await reader.deadLetter(callerOf(request).workspaceId, eventId);
      if (deadLetter === undefined) return sendProblem(reply, deadLetterNotFound(eventId));
      return deadLetterResponse(eventId, deadLetter);
    },
  );
};
