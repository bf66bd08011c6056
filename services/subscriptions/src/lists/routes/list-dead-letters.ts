import { problemResponses } from "../../http/problem.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { deadLettersResponseSchema, deadLetterRowResponse } from "./list-responses.ts";
import { deadLettersQuerySchema, narrowedBy } from "./list-query.ts";
import { rowCursor } from "../../http/pagination.ts";
import type { Api } from "../../http/api.ts";
import type { RecordLoader } from "../../streams/load-records.ts";
import type { Projection } from "../../projection/projection.ts";

/** `GET /dead-letters`: what was given up in the workspace, newest first. */
export const listDeadLettersRoute = (
  api: Api,
  projection: Projection,
  records: RecordLoader,
): void => {
  api.get(
    "/dead-letters",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listDeadLetters",
        summary: "List dead letters",
        description:
          "What was given up in the workspace and why, newest first. It comes from an index: `projection_lag` says by how many messages that is behind.",
        tags: ["Dead letters"],
        querystring: deadLettersQuerySchema,
        response: { 200: deadLettersResponseSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { reason, call_id, ...query } = request.query;
      const { workspaceId } = callerOf(request);
      const projection_lag = projection.lag().total;
      const narrowed = narrowedBy(workspaceId, { ...query, call_id });
      const { rows, next } = await projection.deadLetters({ ...narrowed, reason });
      const dead_letters = (await records.deadLetters(rows)).map(deadLetterRowResponse);
      return {
        // The index has a number in place of the call's id, and two calls may share one.
        dead_letters: dead_letters.filter((one) => [undefined, one.call_id].includes(call_id)),
        next_cursor: next === undefined ? null : rowCursor("dead_letters").encode(next),
        projection_lag,
      };
    },
  );
};
