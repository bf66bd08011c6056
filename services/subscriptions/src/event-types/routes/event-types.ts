import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { MAX_EVENT_TYPES } from "@ringback/contracts/events/event-type-definition";
import {
  defineType,
  defineTypeSchema,
  deleteType,
  type DefineDeps,
  type DefinitionRejection,
} from "../define-type.ts";
import { problemResponses, sendProblem, quoted, type Problem } from "../../http/problem.ts";
import {
  eventCatalogue,
  eventCatalogueSchema,
  operatorsTypes,
  ownTypeResponse,
  ownTypeResponseSchema,
} from "./catalogue-response.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import type { Api } from "../../http/api.ts";

const typePathSchema = z.object({
  name: z.string().meta({ description: "The type's name", examples: ["kyc_done"] }),
});

/** The calls about types of events. */
export const eventTypesRoutes = (api: Api, deps: DefineDeps): void => {
  listRoute(api, deps);
  putRoute(api, deps);
  deleteRoute(api, deps);
};

/** `GET /event-types`: every type of event with what its payload may hold, and a sample. */
const listRoute = (api: Api, { index, rules, lastSeq }: DefineDeps): void => {
  const builtIn = eventCatalogue();
  api.get(
    "/event-types",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listEventTypes",
        summary: "List the types of events",
        description:
          "The built-in types, those that the operator added, and the workspace's own: each with the JSON Schema of its payload and a sample, where there are any.",
        tags: ["Publishing"],
        querystring: noQuerySchema,
        response: { 200: eventCatalogueSchema, ...problemResponses },
      },
    },
    async (request) => {
      await index.applied(await lastSeq());
      const own = index.ownTypes.list(callerOf(request).workspaceId);
      const added = [...operatorsTypes(rules.types, own), ...own.map(ownTypeResponse)];
      return { event_types: [...builtIn, ...added], open: rules.types.kind === "open" };
    },
  );
};

/** `PUT /event-types/{name}`: adds a type of the workspace's own, or says anew what it is. */
const putRoute = (api: Api, eventTypes: DefineDeps): void => {
  api.put(
    "/event-types/:name",
    {
      config: {
        scope: "admin",
        documented: {
          problems: ["event_type_built_in", "too_many_event_types", "conflict", "too_many_changes"],
        },
      },
      schema: {
        operationId: "putEventType",
        summary: "Add an event type",
        description:
          "From then on agents can subscribe it, and events of it are delivered. An event that its schema does not fit is delivered with a warning. At most 100 in a workspace, and 32 KiB each.",
        tags: ["Publishing"],
        params: typePathSchema,
        querystring: noQuerySchema,
        body: defineTypeSchema,
        response: { 200: ownTypeResponseSchema, 201: ownTypeResponseSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { workspaceId, keyId: actor } = callerOf(request);
      const what = { workspaceId, eventType: request.params.name, actor };
      const defined = await defineType(what, request.body, eventTypes);
      if (defined.kind !== "defined") return sendProblem(reply, problemOf(defined, what.eventType));
      return reply.code(defined.isNew ? 201 : 200).send(ownTypeResponse(defined.definition));
    },
  );
};

/** `DELETE /event-types/{name}`: events of it are known no more; none is taken back. */
const deleteRoute = (api: Api, eventTypes: DefineDeps): void => {
  api.delete(
    "/event-types/:name",
    {
      config: {
        scope: "admin",
        documented: {
          problems: [
            "event_type_not_found",
            "event_type_built_in",
            "event_type_in_use",
            "conflict",
            "too_many_changes",
          ],
        },
      },
      schema: {
        operationId: "deleteEventType",
        summary: "Delete an event type",
        description: "Refused with 409 while an agent of the workspace subscribes it.",
        tags: ["Publishing"],
        params: typePathSchema,
        querystring: noQuerySchema,
        response: { 204: z.undefined(), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { workspaceId, keyId: actor } = callerOf(request);
      const what = { workspaceId, eventType: request.params.name, actor };
      const rejection = await deleteType(what, eventTypes);
      if (rejection === undefined) return reply.code(204).send();
      return sendProblem(reply, problemOf(rejection, what.eventType));
    },
  );
};

const problemOf = ({ kind }: DefinitionRejection, eventType: string): Problem => {
  switch (kind) {
    case "built_in":
      return { code: "event_type_built_in", detail: `The event type ${eventType} is built in.` };
    case "invalid_name": {
      const message = "must be 1 to 64 characters of a-z, 0-9 and _, and begin with a letter";
      const errors = [{ path: "name", message }];
      const detail = "See errors for everything that is wrong.";
      return { code: "validation_failed", detail, errors };
    }
    case "too_many": {
      const detail = `This workspace has ${MAX_EVENT_TYPES} event types of its own: delete one first.`;
      return { code: "too_many_event_types", detail };
    }
    case "not_found": {
      const detail = `This workspace has added no event type ${quoted(eventType)}.`;
      return { code: "event_type_not_found", detail };
    }
    case "in_use": {
      const detail = `Agents of this workspace subscribe ${eventType}: remove their subscriptions first.`;
      return { code: "event_type_in_use", detail };
    }
    case "conflict": {
      const detail = `The event type ${eventType} was modified concurrently: nothing was changed.`;
      return { code: "conflict", detail };
    }
    default:
      return kind satisfies never;
  }
};
