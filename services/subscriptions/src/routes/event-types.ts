import { problemAnswers } from "../answer-schemas.ts";
import { eventCatalogue, eventCatalogueSchema } from "../reading/event-catalogue.ts";
import { noQuerySchema } from "../reading/page-query.ts";
import type { Api } from "./api.ts";

/** `GET /event-types`: every type of event with what its payload may hold, and a sample. */
export const eventTypesRoute = (api: Api): void => {
  const event_types = eventCatalogue();
  api.get(
    "/event-types",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listEventTypes",
        summary: "List the types of events",
        description:
          "Every type with the JSON Schema by which its payload is checked, and a sample.",
        tags: ["Publishing"],
        querystring: noQuerySchema,
        response: { 200: eventCatalogueSchema, ...problemAnswers },
      },
    },
    async () => ({ event_types }),
  );
};
