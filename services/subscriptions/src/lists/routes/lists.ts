import type { Viewer } from "../../events/hidden-payloads.ts";
import type { Api } from "../../http/api.ts";
import { seesAttempt, seesDeadLetter } from "../../events/decide/seen-records.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { deliveryCursor, rowCursor } from "../../http/pagination.ts";
import { problemResponses } from "../../http/problem.ts";
import type { Figures } from "../../projection/figures.ts";
import type { AttemptsQuery, Projection, RowPosition } from "../../projection/projection.ts";
import type { RecordLoader } from "../../streams/records.ts";
import {
  attemptsQuerySchema,
  deadLettersQuerySchema,
  deliveriesQuerySchema,
  eventsQuerySchema,
  narrowedBy,
} from "./list-query.ts";
import {
  attemptRowResponse,
  attemptsResponseSchema,
  deadLetterRowResponse,
  deadLettersResponseSchema,
  deliveriesResponseSchema,
  deliveryRowResponse,
  eventRowResponse,
  eventsResponseSchema,
} from "./list-responses.ts";

export type ListDeps = {
  readonly projection: Projection & Figures;
  readonly records: RecordLoader;
  /** The id of the event with this sequence on EVENTS. */
  readonly eventId: (seq: number) => string;
  readonly now: () => Date;
};

/** The lists over a workspace, which come from the projection. */
export const listRoutes = (api: Api, deps: ListDeps): void => {
  eventsRoute(api, deps);
  deliveriesRoute(api, deps);
  attemptsRoute(api, deps);
  deadLettersRoute(api, deps);
};

/** `GET /events`: the workspace's events without their payloads, newest first. */
const eventsRoute = (api: Api, { projection, eventId, now }: ListDeps): void => {
  api.get(
    "/events",
    {
      config: { permission: "read" },
      schema: {
        operationId: "listEvents",
        summary: "List events",
        description:
          "The workspace's events without their payloads, newest first by when they were stored. It comes from an index: `projection_lag` says by how many messages that is behind.",
        tags: ["Events"],
        querystring: eventsQuerySchema(now),
        response: { 200: eventsResponseSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { status: statuses } = request.query;
      const projection_lag = projection.lag().total;
      const { rows, next } = await projection.events({ ...narrowedBy(request), statuses });
      return {
        events: rows.map((row) => eventRowResponse(row, eventId)),
        next_cursor: cursorAfter("events", next),
        projection_lag,
      };
    },
  );
};

/** `GET /attempts`: the workspace's attempts, newest first by when they began. */
const attemptsRoute = (api: Api, { projection, records, now }: ListDeps): void => {
  api.get(
    "/attempts",
    {
      config: { audited: "payloads", permission: "read" },
      schema: {
        operationId: "listAttempts",
        summary: "List attempts",
        description:
          "The workspace's attempts with what came back, newest first by when they began. It comes from an index: `projection_lag` says by how many messages that is behind.",
        tags: ["Attempts"],
        querystring: attemptsQuerySchema(now),
        response: { 200: attemptsResponseSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { outcome: outcomes, reason: reasons } = request.query;
      const query = { ...narrowedBy(request), outcomes, reasons };
      return attemptsPage(query, callerOf(request), { projection, records });
    },
  );
};

/** A page of attempts, with what came back. */
export const attemptsPage = async (
  query: AttemptsQuery,
  viewer: Viewer,
  { projection, records }: Pick<ListDeps, "projection" | "records">,
) => {
  const projection_lag = projection.lag().total;
  const { rows, next } = await projection.attempts(query);
  const found = await records.attempts(rows);
  // The index has a number in place of the call's id, and two calls may share one.
  const ofCall = found.filter(({ record }) => [undefined, record.call_id].includes(query.callId));
  const attempts = ofCall.filter((one) => seesAttempt(query, one));
  return {
    attempts: attempts.map((one) => attemptRowResponse(one, viewer)),
    next_cursor: cursorAfter("attempts", next),
    projection_lag,
  };
};

/** `GET /deliveries`: the workspace's deliveries, newest first by when their events were stored. */
const deliveriesRoute = (api: Api, { projection, eventId, now }: ListDeps): void => {
  api.get(
    "/deliveries",
    {
      config: { permission: "read" },
      schema: {
        operationId: "listDeliveries",
        summary: "List deliveries",
        description:
          "What became of events at each of their destinations, newest first by when the events were stored: to endpoints, and to agents' subscriptions with `endpoint_id: null`. It comes from an index: `projection_lag` says by how many messages that is behind.",
        tags: ["Deliveries"],
        querystring: deliveriesQuerySchema(now),
        response: { 200: deliveriesResponseSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { status: statuses } = request.query;
      const projection_lag = projection.lag().total;
      const { rows, next } = await projection.deliveries({ ...narrowedBy(request), statuses });
      return {
        deliveries: rows.map((row) => deliveryRowResponse(row, eventId)),
        next_cursor: next === undefined ? null : deliveryCursor.encode(next),
        projection_lag,
      };
    },
  );
};

/** `GET /dead-letters`: what was given up in the workspace, newest first. */
const deadLettersRoute = (api: Api, { projection, records, now }: ListDeps): void => {
  api.get(
    "/dead-letters",
    {
      config: { audited: "payloads", permission: "read" },
      schema: {
        operationId: "listDeadLetters",
        summary: "List dead letters",
        description:
          "What was given up in the workspace and why, newest first. It comes from an index: `projection_lag` says by how many messages that is behind.",
        tags: ["Dead letters"],
        querystring: deadLettersQuerySchema(now),
        response: { 200: deadLettersResponseSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { reason: reasons, call_id } = request.query;
      const projection_lag = projection.lag().total;
      const { rows, next } = await projection.deadLetters({ ...narrowedBy(request), reasons });
      const found = await records.deadLetters(rows);
      const caller = callerOf(request);
      // What names no agent stands under the name `_`, which an agent may have.
      const seen = found.filter((one) => seesDeadLetter(caller, one));
      const dead_letters = seen.map((one) => deadLetterRowResponse(one, caller));
      return {
        // The index has a number in place of the call's id, and two calls may share one.
        dead_letters: dead_letters.filter((one) => [undefined, one.call_id].includes(call_id)),
        next_cursor: cursorAfter("dead_letters", next),
        projection_lag,
      };
    },
  );
};

/** The cursor of the page that begins after a row. */
export const cursorAfter = (
  list: Parameters<typeof rowCursor>[0],
  next: RowPosition | undefined,
): string | null => (next === undefined ? null : rowCursor(list).encode(next));
