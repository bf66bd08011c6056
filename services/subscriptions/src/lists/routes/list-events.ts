import { problemResponses } from "../../http/problem.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { eventsResponseSchema, eventRowResponse } from "./list-responses.ts";
import { eventsQuerySchema, narrowedBy } from "./list-query.ts";
import { rowCursor } from "../../http/pagination.ts";
import type { Api } from "../../http/api.ts";
import type { Projection } from "../../projection/projection.ts";

/** `GET /events`: the workspace's events without their payloads, newest first. */
export const listEventsRoute = (
  api: Api,
  projection: Projection,
  eventId: (seq: number) => string,
): void => {
  api.get(
    "/events",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listEvents",
        summary: "List events",
        description:
          "The workspace's events without their payloads, newest first by when they were stored. It comes from an index: `projection_lag` says by how many messages that is behind.",
        tags: ["Events"],
        querystring: eventsQuerySchema,
        response: { 200: eventsResponseSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { query } = request;
      const projection_lag = projection.lag().total;
      const narrowed = narrowedBy(callerOf(request).workspaceId, query);
      const { rows, next } = await projection.events({ ...narrowed, status: query.status });
      return {
        events: rows.map((row) => eventRowResponse(row, eventId)),
        next_cursor: next === undefined ? null : rowCursor("events").encode(next),
        projection_lag,
      };
    },
  );
};
