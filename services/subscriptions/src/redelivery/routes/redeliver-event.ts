import { countedList } from "@ringback/contracts/json/counted-list";
import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { problemResponses, sendProblem } from "../../http/problem.ts";
import type { Run } from "../decide/decided-runs.ts";
import { redeliverEvent, type NamedDestinations } from "../redeliver-event.ts";
import { REDELIVER_EXAMPLES, REDELIVERED_EXAMPLES } from "./redelivery-examples.ts";
import { rejectionProblem } from "./rejection-problem.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { requestKeyIn } from "../../idempotency/request-key.ts";
import type { Api } from "../../http/api.ts";
import type { RedeliveryDeps } from "../deps.ts";

const attempt = z.int().meta({ description: "The attempt of this delivery that is made next" });

const attemptsLeft = z.int().nullable().meta({
  description:
    "retry_now: how many its schedule still has if this one fails; null: no record tells, or the whole schedule",
});

const deliverySchema = z.object({
  delivery_id: z.string().nullable(),
  endpoint_id: z.string().nullable().meta({ description: "null: the agent's subscription" }),
  uid: z.string().optional().meta({ description: "The customer's own id of the endpoint" }),
  mode: z.enum(["redelivery", "retry_now", "in_progress"]).meta({
    description:
      "in_progress: an attempt is under way there, or is about to be, and nothing was started",
  }),
  attempt: attempt.nullable(),
  attempts_left: attemptsLeft,
});

const responseSchema = z.object({
  event_id: z.string(),
  delivery_id: z.string().optional().meta({
    description: "Of the only one of `deliveries`, as the next three; missing where there are more",
  }),
  mode: z.enum(["redelivery", "retry_now"]).optional().meta({
    description:
      "redelivery: a new delivery with the whole schedule; retry_now: the one that waited goes on",
  }),
  attempt: attempt.optional(),
  attempts_left: attemptsLeft.optional(),
  deliveries: z.array(deliverySchema).meta({ description: "One for each destination" }),
});

const MAX_ENDPOINTS = 50;

const bodySchema = z.strictObject({
  endpoint_ids: countedList(
    z.array(z.string()).min(1, "must not be empty").max(MAX_ENDPOINTS),
    ({ length }) =>
      length > MAX_ENDPOINTS ? `must not name more than ${MAX_ENDPOINTS} endpoints` : undefined,
  )
    .optional()
    .meta({
      description:
        "To these endpoints alone, by their ids or uids, whether the event was for them or not",
    }),
  agent_subscription: z.boolean().optional().meta({
    description: "true: to the agent's subscription, beside the endpoints that are named, if any",
  }),
  counts_against_schedule: z.boolean().optional().meta({
    description:
      "A delivery that waits uses up an attempt of its schedule by going on now; it does not unless this is true",
  }),
});

/** The destinations that a body names; undefined: none. */
const namedIn = ({
  endpoint_ids: endpoints,
  agent_subscription: isToAgent = false,
}: z.infer<typeof bodySchema>): NamedDestinations | undefined =>
  endpoints === undefined && !isToAgent ? undefined : { endpoints: endpoints ?? [], isToAgent };

/** `POST /events/{event_id}/redeliver`: delivers an event again, or lets its delivery go on now. */
export const redeliverEventRoute = (
  api: Api,
  redelivery: RedeliveryDeps & { readonly eventsKeptMs: number },
): void => {
  api.post(
    "/events/:event_id/redeliver",
    {
      config: {
        permission: "redeliver",
        bodyMayBeEmpty: true,
        documented: {
          problems: [
            "event_not_found",
            "endpoint_not_found",
            "delivery_in_progress",
            "event_not_deliverable",
            "endpoint_disabled",
            "dispatchers_outdated",
          ],
          takes: ["Idempotency-Key"],
          gives: ["Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "redeliverEvent",
        summary: "Deliver an event again",
        description:
          "A new delivery with the whole schedule, of an event that was delivered or given up; a delivery that waits for a retry goes on now instead. To the destinations that are named; to those where the event went and was not delivered, where none is.",
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
      const { workspaceId, agents, endpoints } = callerOf(request);
      const { counts_against_schedule: countsAgainstSchedule = false, ...body } =
        request.body ?? {};
      const to = namedIn(body);
      const sight = { workspaceId, agents, endpoints };
      const wanted = { ...sight, eventId: event_id, key: read.key, countsAgainstSchedule, to };
      const result = await redeliverEvent(wanted, redelivery);
      if (result.kind === "rejected") {
        return sendProblem(
          reply,
          rejectionProblem(result.rejection, event_id, redelivery.eventsKeptMs),
        );
      }
      if (result.isRepeat) reply.header("idempotency-replayed", "true");
      return reply.code(202).send(responseOf(event_id, result.decided));
    },
  );
};

const responseOf = (event_id: string, runs: readonly Run[]): z.infer<typeof responseSchema> => {
  const [only, ...others] = runs;
  const deliveries = runs.map(deliveryOf);
  if (only === undefined || only.mode === "in_progress" || others.length > 0) {
    return { event_id, deliveries };
  }
  const { delivery_id, mode, attempt: next, attempts_left } = only;
  return { event_id, delivery_id, mode, attempt: next, attempts_left, deliveries };
};

const deliveryOf = (run: Run): z.infer<typeof deliverySchema> => {
  const { endpoint_id = null, uid } = run;
  const to = { endpoint_id, ...(uid !== undefined && { uid }) };
  if (run.mode === "in_progress") {
    return { delivery_id: null, ...to, mode: run.mode, attempt: null, attempts_left: null };
  }
  const { delivery_id, mode, attempt: next, attempts_left } = run;
  return { delivery_id, ...to, mode, attempt: next, attempts_left };
};
