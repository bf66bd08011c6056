import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { DEAD_LETTER_REASONS } from "@ringback/contracts/deliveries/dead-letter";
import { idSchema } from "@ringback/contracts/id";
import { z } from "zod";
import type { Api } from "../../http/api.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { severalOf } from "../../http/field-schemas.ts";
import { problemResponses } from "../../http/problem.ts";
import { deliveryRowResponse, deliveryRowSchema, page } from "./list-responses.ts";
import type { ListDeps } from "./lists.ts";
import {
  shortestBucketMs,
  type FailingDestination,
  type Overview,
} from "../../projection/figures.ts";
import { bucketsOf, known, OVERVIEW_BUCKETS, PERIODS, type Buckets } from "../decide/buckets.ts";
import { OVERVIEW_EXAMPLES } from "./overview-examples.ts";

export type OverviewDeps = Pick<ListDeps, "projection" | "eventId" | "now">;

/** How far to look back. */
export const periodSchema = z
  .enum(PERIODS)
  .default("24h")
  .meta({ description: "How far to look back." });

export const spanFields = {
  since: z.string().meta({ description: "When the first bucket begins." }),
  until: z.string().meta({ description: "Now: the last bucket is not over." }),
  bucket_seconds: z.int(),
};

const querySchema = z.strictObject({
  period: periodSchema,
  agent_id: severalOf(idSchema).optional().meta({
    description: "Only the events of these agents. Repeated, or with commas, up to 50.",
  }),
});

const countOrNull = z.int().nullable();

const failingSchema = z.object({
  endpoint_id: z.string().nullable().meta({ description: "null: the agent's subscriptions." }),
  uid: z.string().optional().meta({ description: "Your own id of the endpoint." }),
  agent_id: z.string().nullable().meta({ description: "null: an endpoint, of whatever agents." }),
  attempts: z.int(),
  failed: z.int(),
  failure_share: z.number().meta({ description: "From 0 to 1." }),
});

const overviewSchema = z
  .object({
    ...spanFields,
    events: z.int().meta({ description: "Events that were stored; without tests." }),
    attempts: z
      .object({
        delivered: z.int(),
        failed: z.int(),
        cancelled: z.int(),
        failed_by_reason: z.partialRecord(z.enum(FAILURE_REASONS), z.int()),
      })
      .meta({ description: "Attempts that began, by outcome; without tests." }),
    given_up: z
      .object({ total: z.int(), by_reason: z.partialRecord(z.enum(DEAD_LETTER_REASONS), z.int()) })
      .meta({ description: "Dead letters." }),
    first_attempt_delay_ms: z
      .object({ p50: countOrNull, p95: countOrNull, p99: countOrNull })
      .meta({
        description:
          "From the storing of an event to the start of the first attempt at each destination, within 6 %; null: there was none.",
      }),
    waiting: z
      .object({
        pending: z.int().meta({ description: "Without an attempt yet." }),
        retrying: z.int(),
        at_least: z.boolean().meta({ description: "There are more: 100,000 are counted." }),
        oldest: deliveryRowSchema.nullable(),
      })
      .meta({ description: "Deliveries that wait now, whenever their events were stored." }),
    failing: z.array(failingSchema).meta({
      description:
        "The 20 destinations with the most failed attempts, those with the most first; from a whole five minutes on.",
    }),
    series: z
      .array(
        z.object({
          at: z.string().meta({ description: "When the bucket begins." }),
          events: countOrNull,
          delivered: countOrNull,
          failed: countOrNull.meta({ description: "Attempts that failed." }),
          given_up: countOrNull,
        }),
      )
      .meta({
        description:
          "At most 60 buckets, oldest first; null: from before what is kept, and so unknown.",
      }),
    projection_lag: page.projection_lag,
  })
  .meta({ "x-examples": OVERVIEW_EXAMPLES });

/** `GET /overview`: what came of a workspace's events in the last hour, day or week. */
export const overviewRoute = (api: Api, deps: OverviewDeps): void => {
  const { projection, now } = deps;
  api.get(
    "/overview",
    {
      config: { permission: "read" },
      schema: {
        operationId: "getOverview",
        summary: "Read an overview",
        description:
          "Outcomes, delays, what waits and what fails, with a series for a graph. It comes from an index: `projection_lag` says by how many messages that is behind.",
        tags: ["Overview"],
        querystring: querySchema,
        response: { 200: overviewSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { period, agent_id: named } = request.query;
      const { workspaceId, agents, endpoints } = callerOf(request);
      const agentIds = agents === undefined ? named : agentsNamed(agents, named);
      const nowMs = now().getTime();
      const buckets = bucketsOf(OVERVIEW_BUCKETS[period], nowMs, shortestBucketMs(agentIds));
      const projection_lag = projection.lag().total;
      const sight = { workspaceId, agents, endpoints };
      const overview = await projection.overview({ ...sight, agentIds, ...buckets });
      return { ...overviewResponse(overview, { buckets, nowMs }, deps), projection_lag };
    },
  );
};

/** Those of a bound caller's agents that a query names; all where it names none. */
const agentsNamed = (agents: ReadonlySet<string>, named: readonly string[] | undefined) =>
  [...agents].filter((id) => named?.includes(id) ?? true);

type Span = { readonly buckets: Buckets; readonly nowMs: number };

/** A span for a caller. */
export const spanResponse = ({ buckets, nowMs }: Span) => ({
  since: new Date(buckets.sinceMs).toISOString(),
  until: new Date(nowMs).toISOString(),
  bucket_seconds: buckets.bucketMs / 1_000,
});

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

const overviewResponse = (
  { events, delivered, cancelled, failed, deadLettered, ...overview }: Overview,
  span: Span,
  { eventId, projection }: OverviewDeps,
): Omit<z.infer<typeof overviewSchema>, "projection_lag"> => {
  const { p50Ms: p50 = null, p95Ms: p95 = null, p99Ms: p99 = null } = overview.firstAttemptDelay;
  const { pending, retrying, isPartial: at_least, oldest } = overview.waiting;
  return {
    ...spanResponse(span),
    events,
    attempts: { delivered, failed: sum(failed), cancelled, failed_by_reason: failed },
    given_up: { total: sum(deadLettered), by_reason: deadLettered },
    first_attempt_delay_ms: { p50, p95, p99 },
    waiting: {
      pending,
      retrying,
      at_least,
      oldest: oldest === undefined ? null : deliveryRowResponse(oldest, eventId),
    },
    failing: overview.failing.map(failingResponse),
    series: seriesResponse(overview, span.buckets, projection.attemptsKnownSinceMs(span.nowMs)),
  };
};

const failingResponse = (one: FailingDestination): z.infer<typeof failingSchema> => ({
  endpoint_id: one.endpointId ?? null,
  ...(one.uid === undefined ? {} : { uid: one.uid }),
  agent_id: one.agentId ?? null,
  attempts: one.attempted,
  failed: one.failed,
  failure_share: Math.round((1_000 * one.failed) / one.attempted) / 1_000,
});

const seriesResponse = ({ series }: Pick<Overview, "series">, buckets: Buckets, knownMs: number) =>
  known(series, buckets, knownMs).map((one, n) => ({
    at: new Date(buckets.sinceMs + n * buckets.bucketMs).toISOString(),
    events: one?.events ?? null,
    delivered: one?.delivered ?? null,
    failed: one?.failed ?? null,
    given_up: one?.deadLettered ?? null,
  }));
