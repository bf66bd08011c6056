import { problemResponses } from "../../http/problem.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { attemptsResponseSchema, attemptRowResponse } from "./list-responses.ts";
import { attemptsQuerySchema, narrowedBy } from "./list-query.ts";
import { rowCursor } from "../../http/pagination.ts";
import type { Api } from "../../http/api.ts";
import type { RecordLoader } from "../../streams/load-records.ts";
import type { Projection } from "../../projection/projection.ts";

/** `GET /attempts`: the workspace's attempts, newest first by when they began. */
export const listAttemptsRoute = (
  api: Api,
  projection: Projection,
  records: RecordLoader,
): void => {
  api.get(
    "/attempts",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listAttempts",
        summary: "List attempts",
        description:
          "The workspace's attempts with what came back, newest first by when they began. It comes from an index: `projection_lag` says by how many messages that is behind.",
        tags: ["Attempts"],
        querystring: attemptsQuerySchema,
        response: { 200: attemptsResponseSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { outcome, reason, call_id, ...query } = request.query;
      const { workspaceId } = callerOf(request);
      const projection_lag = projection.lag().total;
      const narrowed = narrowedBy(workspaceId, { ...query, call_id });
      const { rows, next } = await projection.attempts({ ...narrowed, outcome, reason });
      const found = await records.attempts(rows);
      // The index has a number in place of the call's id, and two calls may share one.
      const attempts = found.filter(({ record }) => [undefined, record.call_id].includes(call_id));
      return {
        attempts: attempts.map(attemptRowResponse),
        next_cursor: next === undefined ? null : rowCursor("attempts").encode(next),
        projection_lag,
      };
    },
  );
};
