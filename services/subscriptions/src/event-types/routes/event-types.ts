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
import { problemResponses, sendProblem, type Problem } from "../../http/problem.ts";
import { quoted } from "../../http/decide/shown.ts";
import {
  eventCatalogue,
  eventCatalogueSchema,
  operatorsTypes,
  ownTypeResponse,
  ownTypeResponseSchema,
} from "./catalogue-response.ts";
import {
  ADDED_EXAMPLES,
  catalogueExamples,
  CHANGED_EXAMPLES,
  DEFINE_EXAMPLES,
} from "./event-type-examples.ts";
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
const listRoute = (api: Api, { index, rules }: DefineDeps): void => {
  const builtIn = eventCatalogue();
  api.get(
    "/event-types",
    {
      config: { permission: "read" },
      schema: {
        operationId: "listEventTypes",
        summary: "List the types of events",
        description:
          "The built-in types, those that the operator added, and the workspace's own: each with the JSON Schema of its payload and a sample, where there are any.",
        tags: ["Publishing"],
        querystring: noQuerySchema,
        response: {
          200: eventCatalogueSchema.meta({ "x-examples": catalogueExamples(builtIn) }),
          ...problemResponses,
        },
      },
    },
    async (request) => {
      await index.upToDate();
      const own = index.ownTypes.list(callerOf(request).workspaceId);
      const added = [...operatorsTypes(rules.types, own), ...own.map(ownTypeResponse)];
      return { event_types: [...builtIn, ...added], open: rules.types.kind === "open" };
    },
  );
};

/** `PUT /event-types/{name}`: adds a type of the workspace's own, or defines it again. */
const putRoute = (api: Api, eventTypes: DefineDeps): void => {
  api.put(
    "/event-types/:name",
    {
      config: {
        permission: "admin",
        isOfAllAgents: true,
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
        body: defineTypeSchema.meta({ "x-examples": DEFINE_EXAMPLES }),
        response: {
          200: ownTypeResponseSchema.meta({ "x-examples": CHANGED_EXAMPLES }),
          201: ownTypeResponseSchema.meta({ "x-examples": ADDED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { workspaceId, actor } = callerOf(request);
      const what = { workspaceId, eventType: request.params.name, actor };
      const defined = await defineType(what, request.body, eventTypes);
      if (typeof defined === "string")
        return sendProblem(reply, problemOf(defined, what.eventType));
      return reply.code(defined.isNew ? 201 : 200).send(ownTypeResponse(defined.definition));
    },
  );
};

/** `DELETE /event-types/{name}`: new events of the type are refused; events that are stored stay. */
const deleteRoute = (api: Api, eventTypes: DefineDeps): void => {
  api.delete(
    "/event-types/:name",
    {
      config: {
        permission: "admin",
        isOfAllAgents: true,
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
      const { workspaceId, actor } = callerOf(request);
      const what = { workspaceId, eventType: request.params.name, actor };
      const rejection = await deleteType(what, eventTypes);
      if (rejection === undefined) return reply.code(204).send();
      return sendProblem(reply, problemOf(rejection, what.eventType));
    },
  );
};

const problemOf = (code: DefinitionRejection, eventType: string): Problem => ({
  code,
  detail: DETAILS[code](eventType),
});

const DETAILS: Readonly<Record<DefinitionRejection, (eventType: string) => string>> = {
  event_type_built_in: (type) => `The event type ${type} is built in.`,
  too_many_event_types: () =>
    `This workspace has ${MAX_EVENT_TYPES} event types of its own: delete one first.`,
  event_type_not_found: (type) => `This workspace has added no event type ${quoted(type)}.`,
  event_type_in_use: (type) =>
    `Agents of this workspace subscribe ${type}: remove their subscriptions first.`,
  conflict: (type) => `The event type ${type} was modified concurrently: nothing was changed.`,
};
