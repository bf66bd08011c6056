import { DEAD_LETTER_REASONS } from "@ringback/contracts/deliveries/dead-letter";
import { DELIVERY_STATUSES, EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { z } from "zod";
import type { Api } from "../../http/api.ts";
import { problemResponses } from "../../http/problem.ts";
import type { ListFacets } from "../../projection/figures.ts";
import { DEAD_LETTER_FACETS_EXAMPLES, FACETS_EXAMPLES } from "./facet-examples.ts";
import {
  deadLetterFacetsQuerySchema,
  deliveryFacetsQuerySchema,
  eventFacetsQuerySchema,
  filteredBy,
} from "./list-query.ts";
import { page } from "./list-responses.ts";
import type { ListDeps } from "./lists.ts";

type FacetDeps = Pick<ListDeps, "projection" | "now">;

const counts = <T extends z.ZodType>(value: T) =>
  z.array(z.object({ value, count: z.int() })).meta({ description: "Largest first." });

const common = {
  total: z.int().meta({ description: "Rows of the list with these filters." }),
  at_least: z.boolean().meta({
    description: "Only the newest rows were counted, 100,000 or a little more: there are others.",
  }),
  event_type: counts(z.string()),
  agent_id: counts(z.string()).meta({ description: "The 20 with the most rows, largest first." }),
  endpoint_id: z
    .array(z.object({ value: z.string().nullable(), uid: z.string().optional(), count: z.int() }))
    .meta({
      description:
        "The 20 with the most rows, largest first; null: agents' subscriptions. `uid`: your own id.",
    }),
  projection_lag: page.projection_lag,
};

const examples = { "x-examples": FACETS_EXAMPLES };

const eventFacetsSchema = z
  .object({
    ...common,
    status: counts(z.enum(EVENT_STATUSES)).meta({
      description:
        "Of any of its deliveries, as the filter takes it, so an event may count under several; largest first.",
    }),
  })
  .meta(examples);

const deliveryFacetsSchema = z
  .object({ ...common, status: counts(z.enum(DELIVERY_STATUSES)) })
  .meta(examples);

const deadLetterFacetsSchema = z
  .object({ ...common, reason: counts(z.enum(DEAD_LETTER_REASONS)) })
  .meta({ "x-examples": DEAD_LETTER_FACETS_EXAMPLES });

const WHAT =
  "How many rows of the list have which value, with the filters of the list. It comes from the same index.";

/** The counts beside the lists over a workspace. */
export const facetRoutes = (api: Api, deps: FacetDeps): void => {
  eventFacetsRoute(api, deps);
  deliveryFacetsRoute(api, deps);
  deadLetterFacetsRoute(api, deps);
};

/** `GET /events/facets`: how many events have which status, type, agent and endpoint. */
const eventFacetsRoute = (api: Api, { projection, now }: FacetDeps): void => {
  api.get(
    "/events/facets",
    {
      config: { permission: "read" },
      schema: {
        operationId: "countEvents",
        summary: "Count events",
        description: WHAT,
        tags: ["Events"],
        querystring: eventFacetsQuerySchema(now),
        response: { 200: eventFacetsSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { status: statuses } = request.query;
      const projection_lag = projection.lag().total;
      const facets = await projection.eventFacets({ ...filteredBy(request), statuses });
      const status = eventFacetsSchema.shape.status.parse(statesIn(facets));
      return { ...facetsResponse(facets), status, projection_lag };
    },
  );
};

/** `GET /deliveries/facets`: the same of deliveries. */
const deliveryFacetsRoute = (api: Api, { projection, now }: FacetDeps): void => {
  api.get(
    "/deliveries/facets",
    {
      config: { permission: "read" },
      schema: {
        operationId: "countDeliveries",
        summary: "Count deliveries",
        description: WHAT,
        tags: ["Deliveries"],
        querystring: deliveryFacetsQuerySchema(now),
        response: { 200: deliveryFacetsSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { status: statuses } = request.query;
      const projection_lag = projection.lag().total;
      const facets = await projection.deliveryFacets({ ...filteredBy(request), statuses });
      const status = deliveryFacetsSchema.shape.status.parse(statesIn(facets));
      return { ...facetsResponse(facets), status, projection_lag };
    },
  );
};

/** `GET /dead-letters/facets`: how many dead letters have which reason, type, agent and endpoint. */
const deadLetterFacetsRoute = (api: Api, { projection, now }: FacetDeps): void => {
  api.get(
    "/dead-letters/facets",
    {
      config: { permission: "read" },
      schema: {
        operationId: "countDeadLetters",
        summary: "Count dead letters",
        description: WHAT,
        tags: ["Dead letters"],
        querystring: deadLetterFacetsQuerySchema(now),
        response: { 200: deadLetterFacetsSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { reason: reasons } = request.query;
      const projection_lag = projection.lag().total;
      const facets = await projection.deadLetterFacets({ ...filteredBy(request), reasons });
      const reason = deadLetterFacetsSchema.shape.reason.parse(statesIn(facets));
      return { ...facetsResponse(facets), reason, projection_lag };
    },
  );
};

const largestFirst = <Value>(counted: Iterable<readonly [Value, number]>) =>
  [...counted].map(([value, count]) => ({ value, count })).toSorted((a, b) => b.count - a.count);

const statesIn = ({ states }: ListFacets) => largestFirst(states);

const facetsResponse = ({ total, isPartial, eventTypes, agents, endpoints }: ListFacets) => ({
  total,
  at_least: isPartial,
  event_type: largestFirst(eventTypes).flatMap(({ value, count }) =>
    value === undefined ? [] : [{ value, count }],
  ),
  agent_id: agents.map(({ agentId: value, count }) => ({ value, count })),
  endpoint_id: endpoints.map(({ endpointId, uid, count }) => ({
    value: endpointId ?? null,
    ...(uid === undefined ? {} : { uid }),
    count,
  })),
});
