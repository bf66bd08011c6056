import { ENDPOINT_STATES } from "@ringback/contracts/endpoints/endpoint";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { idSchema } from "@ringback/contracts/id";
import { z } from "zod";
import { entityTag } from "../../commands/decide/entity-tag.ts";
import { namesTag } from "../../commands/decide/precondition.ts";
import { entityTagsOf } from "../../commands/routes/run-request.ts";
import { callerOf } from "../../http/auth/caller.ts";
import type { Api } from "../../http/api.ts";
import { endpointPathSchema, momentSchema } from "../../http/field-schemas.ts";
import { endpointCursor, pagination } from "../../http/pagination.ts";
import { endpointNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { isOwnEndpoint } from "../../sight/decide/sight.ts";
import { addressIn, type EndpointHistory, type EndpointStore } from "../endpoint-commands.ts";
import { comesBefore, fitsFilter, type EndpointList } from "../endpoint-list.ts";
import { ENDPOINT_EXAMPLES, ENDPOINTS_EXAMPLES } from "./endpoint-examples.ts";
import {
  endpointResponse,
  endpointResponseSchema,
  endpointRowSchema,
  rowResponse,
} from "./endpoint-response.ts";

export type GetEndpointDeps = {
  readonly store: Pick<EndpointStore, "read">;
  readonly history: Pick<EndpointHistory, "stateAt">;
  readonly now: () => Date;
};

/** `GET /endpoints/{endpoint_id}`: the endpoint as the last stored change left it, or as it was at a time. */
export const getEndpointRoute = (api: Api, { store, history, now }: GetEndpointDeps): void => {
  api.get(
    "/endpoints/:endpoint_id",
    {
      config: {
        audited: "secrets",
        permission: "read",
        documented: { problems: ["endpoint_not_found"], takes: ["If-None-Match"], gives: ["ETag"] },
      },
      schema: {
        operationId: "getEndpoint",
        summary: "Read an endpoint",
        description:
          "The endpoint as the last stored change left it. A key without the scope `write` sees `<redacted>` in place of header values and the query of its URL.",
        tags: ["Endpoints"],
        params: endpointPathSchema,
        querystring: z.strictObject({
          at: momentSchema(now)
            .optional()
            .meta({ description: "The endpoint as it was then, without an ETag." }),
        }),
        response: {
          200: endpointResponseSchema.meta({ "x-examples": ENDPOINT_EXAMPLES }),
          304: z.undefined(),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { at } = request.query;
      const { endpoint_id: named } = request.params;
      const caller = callerOf(request);
      const address = addressIn(caller.workspaceId, named);
      if (at !== undefined) {
        // Without an ETag: changes are made over the endpoint as it is now.
        const state = await history.stateAt(address, at);
        // It may have been for other agents then.
        const isHidden = state.kind === "present" && !isOwnEndpoint(caller.agents, state.endpoint);
        if (state.kind === "absent" || isHidden) {
          return sendProblem(reply, endpointNotFound(named, new Date(at).toISOString()));
        }
        return endpointResponse(state.endpoint, state.version, caller);
      }
      const known = entityTagsOf("If-None-Match", request.headers["if-none-match"]);
      const { state } = await store.read(address);
      if (state.kind === "absent") return sendProblem(reply, endpointNotFound(named));
      const tag = entityTag(
        state.version,
        caller.permissions.has("secrets") ? "whole" : "redacted",
      );
      reply.header("etag", tag);
      if (known !== undefined && namesTag(known, tag)) return reply.code(304).send();
      return endpointResponse(state.endpoint, state.version, caller);
    },
  );
};

export type ListEndpointsDeps = {
  readonly endpoints: Pick<EndpointList, "list">;
  readonly upToDate: () => Promise<void>;
};

/** `GET /endpoints`: the workspace's endpoints in pages, the oldest first. */
export const listEndpointsRoute = (api: Api, { endpoints, upToDate }: ListEndpointsDeps): void => {
  api.get(
    "/endpoints",
    {
      config: { permission: "read" },
      schema: {
        operationId: "listEndpoints",
        summary: "List the workspace's endpoints",
        description:
          "In pages, the oldest first, without headers. The list has every change that was confirmed to a caller before.",
        tags: ["Endpoints"],
        querystring: z.strictObject({
          agent_id: idSchema
            .optional()
            .meta({ description: "Those that this agent's events go to" }),
          event_type: eventTypeSchema
            .optional()
            .meta({ description: "Those that events of this type go to" }),
          state: z.enum(ENDPOINT_STATES).optional(),
          ...pagination(endpointCursor),
        }),
        response: {
          200: listSchema.meta({ "x-examples": ENDPOINTS_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request) => {
      const { limit, cursor, agent_id: agentId, event_type: eventType, state } = request.query;
      await upToDate();
      const rows = endpoints
        .list(callerOf(request))
        .filter((row) => cursor === undefined || comesBefore(cursor, row))
        .filter((row) => fitsFilter(row, { agentId, eventType, state }));
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      const next_cursor = last === undefined ? null : endpointCursor.encode(last);
      return { endpoints: page.map(rowResponse), next_cursor };
    },
  );
};

const listSchema = z
  .object({
    endpoints: z.array(endpointRowSchema),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: "Send it as `cursor` for the next page; null: this was the last" }),
  })
  .meta({ id: "EndpointList", description: "One page of the workspace's endpoints." });
