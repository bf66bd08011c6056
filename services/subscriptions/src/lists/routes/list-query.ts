import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { DEAD_LETTER_REASONS } from "@ringback/contracts/deliveries/dead-letter";
import { parseDurationMs } from "@ringback/contracts/duration";
import { DELIVERY_STATUSES, EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { callIdSchema } from "@ringback/contracts/events/call-id";
import { idSchema } from "@ringback/contracts/id";
import { z } from "zod";
import { addressIn } from "../../endpoints/endpoint-commands.ts";
import { shown } from "../../http/decide/shown.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { deliveryCursor, pagination, rowCursor } from "../../http/pagination.ts";
import { momentSchema, severalOf } from "../../http/field-schemas.ts";
import { MIN_PREFIX } from "../../projection/figures.ts";

const SEVERAL = "Repeated, or with commas, any of several";

/** What every list takes, beside where its pages begin. */
const filters = (what: string, now: () => Date) => ({
  agent_id: idSchema.optional(),
  call_id: callIdSchema.optional(),
  event_type: severalOf(eventTypeSchema)
    .optional()
    .meta({ description: `${SEVERAL}.` }),
  since: momentSchema(now)
    .optional()
    .meta({
      description: `Only those ${what} at this time or later.`,
    }),
  until: momentSchema(now)
    .optional()
    .meta({
      description: `Only those ${what} before this time.`,
    }),
});

const toEndpoint = (what: string) => ({
  endpoint_id: z
    .string()
    .max(128)
    .optional()
    .meta({ description: `Only ${what} this endpoint, by its id or its \`uid\`.` }),
});

type Span = { readonly since?: number | undefined; readonly until?: number | undefined };

const IN_ORDER = { error: "must be later than since", path: ["until"] };

const isInOrder = ({ since, until }: Span): boolean =>
  since === undefined || until === undefined || since < until;

const eventsFilters = (now: () => Date) => ({
  ...filters("that were stored", now),
  ...toEndpoint("those that went to"),
  status: severalOf(z.enum(EVENT_STATUSES))
    .optional()
    .meta({
      description: `Of any of its deliveries; with endpoint_id of the one there. ${SEVERAL}.`,
    }),
});

/** The query of `GET /events`. */
export const eventsQuerySchema = (now: () => Date) =>
  z
    .strictObject({ ...pagination(rowCursor("events")), ...eventsFilters(now) })
    .refine(isInOrder, IN_ORDER);

/** The query of `GET /events/facets`. */
export const eventFacetsQuerySchema = (now: () => Date) =>
  z.strictObject(eventsFilters(now)).refine(isInOrder, IN_ORDER);

const deliveriesFilters = (now: () => Date) => ({
  ...filters("whose event was stored", now),
  ...toEndpoint("those to"),
  status: severalOf(z.enum(DELIVERY_STATUSES))
    .optional()
    .meta({ description: `${SEVERAL}.` }),
});

/** The query of `GET /deliveries`. */
export const deliveriesQuerySchema = (now: () => Date) =>
  z
    .strictObject({ ...pagination(deliveryCursor), ...deliveriesFilters(now) })
    .refine(isInOrder, IN_ORDER);

/** The query of `GET /deliveries/facets`. */
export const deliveryFacetsQuerySchema = (now: () => Date) =>
  z.strictObject(deliveriesFilters(now)).refine(isInOrder, IN_ORDER);

const OUTCOMES = ["delivered", "failed", "cancelled"] as const;

const attempts = (now: () => Date) => ({
  ...pagination(rowCursor("attempts")),
  ...filters("that began", now),
  outcome: severalOf(z.enum(OUTCOMES))
    .optional()
    .meta({ description: `${SEVERAL}.` }),
  reason: severalOf(z.enum(FAILURE_REASONS))
    .optional()
    .meta({ description: `Of those that failed. ${SEVERAL}.` }),
});

/** The query of `GET /attempts`. */
export const attemptsQuerySchema = (now: () => Date) =>
  z.strictObject({ ...attempts(now), ...toEndpoint("those to") }).refine(isInOrder, IN_ORDER);

/** The query of `GET /endpoints/{endpoint_id}/attempts`. */
export const endpointAttemptsQuerySchema = (now: () => Date) =>
  z.strictObject(attempts(now)).refine(isInOrder, IN_ORDER);

const deadLettersFilters = (now: () => Date) => ({
  ...filters("that were given up", now),
  ...toEndpoint("those of deliveries to"),
  reason: severalOf(z.enum(DEAD_LETTER_REASONS))
    .optional()
    .meta({ description: `${SEVERAL}.` }),
});

/** The query of `GET /dead-letters`. */
export const deadLettersQuerySchema = (now: () => Date) =>
  z
    .strictObject({ ...pagination(rowCursor("dead_letters")), ...deadLettersFilters(now) })
    .refine(isInOrder, IN_ORDER);

/** The query of `GET /dead-letters/facets`. */
export const deadLetterFacetsQuerySchema = (now: () => Date) =>
  z.strictObject(deadLettersFilters(now)).refine(isInOrder, IN_ORDER);

/** The query of `GET /calls`. */
export const callsQuerySchema = (now: () => Date) => {
  const { agent_id, since, until } = filters("whose first event was stored", now);
  const call_id = callIdSchema.optional().meta({
    description: `The call with this id; with ${MIN_PREFIX} characters or more, every call whose id begins with them.`,
  });
  return z
    .strictObject({ ...pagination(rowCursor("calls")), agent_id, call_id, since, until })
    .refine(isInOrder, IN_ORDER);
};

const MIN_WINDOW_MS = 5 * 60_000;
const MAX_WINDOW_MS = 31 * 24 * 3_600_000;

/** The query of an agent's and an endpoint's stats. */
export const statsQuerySchema = z.strictObject({
  window: z
    .string()
    .transform((text, context) => {
      const ms = parseDurationMs(text);
      if (ms !== undefined && ms >= MIN_WINDOW_MS && ms <= MAX_WINDOW_MS) return ms;
      const expected = "must be a duration from 5m to 31d, such as 1h, 24h or 7d";
      context.addIssue(`${expected}, got ${shown(text)}`);
      return z.NEVER;
    })
    .prefault("24h")
    .meta({ description: "How far to look back, such as 1h, 24h or 7d: from 5m to 31d." }),
});

type FiltersQuery = Readonly<z.output<z.ZodObject<ReturnType<typeof filters>>>> & {
  readonly endpoint_id?: string | undefined;
};

type ListQuery<Position> = FiltersQuery & {
  readonly limit: number;
  readonly cursor?: Position | undefined;
};

type Request<Query> = Parameters<typeof callerOf>[0] & { readonly query: Query };

/** What a request narrows a list's rows by, as the projection takes it. */
export const filteredBy = ({ caller, query }: Request<FiltersQuery>) => {
  const { workspaceId, agents, endpoints } = callerOf({ caller });
  const { endpoint_id: named } = query;
  return {
    workspaceId,
    agents,
    endpoints,
    agentId: query.agent_id,
    callId: query.call_id,
    endpointId: named === undefined ? undefined : addressIn(workspaceId, named).endpointId,
    eventTypes: query.event_type,
    sinceMs: query.since,
    untilMs: query.until,
  };
};

/** The same with where the page begins and ends. */
export const narrowedBy = <Position>(request: Request<ListQuery<Position>>) => ({
  ...filteredBy(request),
  after: request.query.cursor,
  limit: request.query.limit,
});
