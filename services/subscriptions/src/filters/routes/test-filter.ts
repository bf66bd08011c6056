import { filterSchema } from "@ringback/contracts/filters/filter-schema";
import { matchFilter } from "@ringback/contracts/filters/match-filter";
import { parseTimeMs } from "@ringback/contracts/moment";
import { z } from "zod";
import type { EventReader } from "../../events/event-reader.ts";
import type { Api } from "../../http/api.ts";
import { callerOf, requirePermission } from "../../http/auth/caller.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { eventNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { subjectOfEvent, subjectOfSketch } from "../subject.ts";
import { FILTER_EXAMPLES, FILTER_RESULT_EXAMPLES } from "./filter-examples.ts";

const timeSchema = z
  .string()
  .transform((text, context) => {
    const ms = parseTimeMs(text);
    if (ms !== undefined) return ms;
    context.addIssue("must be a time such as 2026-01-31T12:00:00Z");
    return z.NEVER;
  })
  .meta({
    description: "Now, unless given",
    documentedAs: { type: "string", format: "date-time" },
  });

const IN_DATA = { description: "Taken from `data` unless given" };

const sketchFields = {
  event_type: z.string().optional().meta(IN_DATA),
  agent_id: z.string().optional().meta(IN_DATA),
  call_id: z.string().optional().meta(IN_DATA),
  stored_at: timeSchema.optional(),
};

const bodySchema = z
  .strictObject({
    filter: filterSchema,
    event_id: z.string().optional().meta({ description: "A stored event, instead of `data`" }),
    data: z.record(z.string(), z.unknown()).optional().meta({ description: "A payload" }),
    ...sketchFields,
  })
  .superRefine((body, context) => {
    const refuse = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    if (body.event_id === undefined) {
      if (body.data === undefined) refuse("data", "is required, unless event_id is given");
      return;
    }
    for (const name of ["data", ...Object.keys(sketchFields)] as const) {
      if (name in body) refuse(name, "is that of the event: leave it out, or leave out event_id");
    }
  })
  .meta({ "x-examples": FILTER_EXAMPLES });

const responseSchema = z.object({
  match: z.boolean(),
  because: z.string().nullable().meta({
    description:
      "The place of the first condition that did not hold, such as `filter.data.call_duration.$gte`; null where all hold",
  }),
});

export type TestFilterDeps = {
  readonly events: Pick<EventReader, "storedEvent">;
  /** How long EVENTS keeps events. */
  readonly eventsKeptMs: number;
  readonly now: () => Date;
};

/** `POST /filters/test`: whether a filter matches an event, and if not, which condition does not hold. */
export const testFilterRoute = (api: Api, { events, eventsKeptMs, now }: TestFilterDeps): void => {
  api.post(
    "/filters/test",
    {
      config: {
        audited: "nothing",
        permission: "read",
        exactNumbers: true,
        documented: { problems: ["event_not_found"] },
      },
      schema: {
        operationId: "testFilter",
        summary: "Try a filter",
        description:
          "Whether a filter matches a stored event, or a payload in the request, and if not, which condition does not hold. Stores nothing.",
        tags: ["Filters"],
        querystring: noQuerySchema,
        body: bodySchema,
        response: {
          200: responseSchema.meta({ "x-examples": FILTER_RESULT_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { filter, event_id: eventId, data = {}, ...sketch } = request.body;
      if (eventId === undefined) {
        return resultOf(filter.filter, subjectOfSketch({ ...sketch, data }, now().getTime()));
      }
      // Filters that are tried one after another say what is in a payload.
      requirePermission(request, "payloads", "event_id");
      const event = await events.storedEvent(callerOf(request), eventId);
      if (event === undefined) return sendProblem(reply, eventNotFound(eventId, eventsKeptMs));
      return resultOf(filter.filter, subjectOfEvent(event));
    },
  );
};

const resultOf = (...match: Parameters<typeof matchFilter>): z.infer<typeof responseSchema> => {
  const result = matchFilter(...match);
  return { match: result.match, because: result.match ? null : result.because };
};
