import { countedList } from "@ringback/contracts/json/counted-list";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { idSchema } from "@ringback/contracts/id";
import {
  REDELIVERY_RATE,
  REDELIVERY_STATUSES,
} from "@ringback/contracts/deliveries/redelivery-job";
import { z } from "zod";
import type { JobPosition } from "../jobs/job-index.ts";
import { cursorOf, pagination } from "../../http/pagination.ts";
import { utcTimeSchema } from "../../http/field-schemas.ts";

const MAX_EVENT_TYPES = 50;

const { min, max } = REDELIVERY_RATE;
const RATE = `must be a whole number from ${min} to ${max}`;

/** The body of `POST /redeliveries`. */
export const createJobSchema = (now: () => Date) =>
  z
    .strictObject({
      agent_id: idSchema.optional().meta({ description: "Only events of this agent" }),
      endpoint_id: z.string().optional().meta({
        description:
          "To this endpoint alone, by its id or uid: events that it is for, also older ones than it. Without it, each event goes to those of its destinations that match",
      }),
      event_types: countedList(
        z.array(eventTypeSchema).min(1, "must not be empty").max(MAX_EVENT_TYPES),
        ({ length }) =>
          length > MAX_EVENT_TYPES
            ? `must not name more than ${MAX_EVENT_TYPES} event types`
            : undefined,
      )
        .transform((types) => [...new Set(types)])
        .optional()
        .meta({ description: "Only events of these types" }),
      since: utcTimeSchema(now).meta({
        description: "Only events that were stored at this time or later",
      }),
      until: utcTimeSchema(now).optional().meta({
        description: "Only events that were stored before; the time of the request at most",
      }),
      status: z.enum(REDELIVERY_STATUSES).meta({
        description:
          "undelivered: dead letters, cancelled ones and those without a subscription, or that never went to the endpoint; all: delivered ones too",
      }),
      rate_per_second: z
        .int({ error: RATE })
        .min(min, { error: RATE })
        .max(max, { error: RATE })
        .default(REDELIVERY_RATE.default)
        .meta({ description: "Deliveries started per second" }),
    })
    .superRefine(({ since, until }, context) => {
      if (until === undefined || since < until) return;
      context.addIssue({ code: "custom", message: "must be after since", path: ["until"] });
    });

const positionSchema = z.tuple([z.iso.datetime(), idSchema]);

/** For the list of jobs: the page holds those behind this one. */
export const jobCursor = cursorOf<JobPosition>(
  ({ created_at, redelivery_id }) => `${created_at} ${redelivery_id}`,
  (text) => {
    const { data } = positionSchema.safeParse(text.split(" "));
    return data && { created_at: data[0], redelivery_id: data[1] };
  },
);

/** The query of `GET /redeliveries`. */
export const listJobsSchema = z.strictObject({
  ...pagination(jobCursor),
  endpoint_id: z.string().optional().meta({
    description: "Only jobs for this endpoint, by its id or uid",
  }),
});
