import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { callNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { withList } from "./embedded-payload.ts";
import { CALL_EVENTS_EXAMPLES } from "./event-examples.ts";
import { callEventsResponseSchema, eventResponse } from "./event-response.ts";
import { pagination, seqCursor } from "../../http/pagination.ts";
import { sendJson } from "../../http/json-body.ts";
import type { Api } from "../../http/api.ts";
import type { EventReader } from "../event-reader.ts";

const MAX_ATTEMPTS = 50;
const DEFAULT_ATTEMPTS = 10;

/** Each attempt may have 2 KiB of a response. */
const MAX_ATTEMPTS_OF_PAGE = 2_500;

/** False for what is no number: that has a problem of its own. */
const isTooMany = (limit: number, attempts: number): boolean =>
  attempts <= MAX_ATTEMPTS && limit * attempts > MAX_ATTEMPTS_OF_PAGE;

const querySchema = z
  .strictObject({
    ...pagination(seqCursor),
    attempts: z
      .string()
      .regex(/^\d+$/, "must be a whole number")
      .transform(Number)
      .pipe(z.number().min(1).max(MAX_ATTEMPTS))
      .default(DEFAULT_ATTEMPTS)
      .meta({
        description: "How many attempts of each event a page has at most, the last ones",
        documentedAs: {
          type: "integer",
          minimum: 1,
          maximum: MAX_ATTEMPTS,
          default: DEFAULT_ATTEMPTS,
        },
      }),
  })
  .refine(({ limit, attempts }) => !isTooMany(limit, attempts), {
    error: `with limit: at most ${MAX_ATTEMPTS_OF_PAGE} attempts a page`,
    path: ["attempts"],
  });

/** `GET /calls/{call_id}/events`: a call's events and their deliveries, newest first. `keptMs`: how long EVENTS keeps them. */
export const getCallEventsRoute = (api: Api, reader: EventReader, keptMs: number): void => {
  api.get(
    "/calls/:call_id/events",
    {
      config: {
        audited: "payloads",
        permission: "read",
        documented: { problems: ["call_not_found"] },
      },
      schema: {
        operationId: "listCallEvents",
        summary: "List the events of a call",
        description:
          "Every event of a call with its payload as it was published, what became of it and its last attempts, newest first. Read from the streams: never behind. A page holds at most 4 MiB of payloads.",
        tags: ["Events"],
        params: z.object({ call_id: z.string() }),
        querystring: querySchema,
        response: {
          200: callEventsResponseSchema.meta({ "x-examples": CALL_EVENTS_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { call_id: callId } = request.params;
      const { limit, cursor: beforeSeq, attempts } = request.query;
      const caller = callerOf(request);
      const page = await reader.eventsOfCall(caller, callId, { limit, beforeSeq, attempts });
      // A page after the last one is empty; a call without events is unknown.
      if (page.found.length === 0 && beforeSeq === undefined) {
        return sendProblem(reply, callNotFound(callId, keptMs));
      }
      const events = page.found.map((one) => eventResponse(one, caller));
      const { nextBeforeSeq: next } = page;
      const next_cursor = next === undefined ? null : seqCursor.encode(next);
      return sendJson(reply, withList("events", events, { next_cursor }));
    },
  );
};
