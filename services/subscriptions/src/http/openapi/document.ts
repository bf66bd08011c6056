import swagger from "@fastify/swagger";
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
} from "fastify-type-provider-zod";
import manifest from "../../../package.json" with { type: "json" };
import { withHeaders, type PlainSchema } from "./headers.ts";
import { withProblems } from "./problems.ts";
import { asDocumented } from "./schemas.ts";
import { tidied, type ApiDocument } from "./tidy.ts";
import { withWebhooks } from "./webhooks.ts";
import { BASE_PATH, type Api } from "../api.ts";

/** The groups of calls; a route names its group in `tags`. The document leaves out groups without calls. */
const API_TAGS = {
  Agents: "Agents, where their events go, how requests are signed, and how it came to be so.",
  Endpoints: "URLs that events of any agents are sent to, beside the subscriptions of agents.",
  Overview: "Figures over a workspace, for pages and graphs.",
  Calls: "The calls that events are about.",
  Events: "What happened on calls, and what became of it.",
  Deliveries: "What became of events at each of their destinations.",
  Attempts: "Every request to an endpoint, and figures about them.",
  "Dead letters": "What was given up, and why.",
  Redelivery: "Sending again what was sent or given up, and test events.",
  Filters: "Which events an endpoint gets.",
  Access: "Who the caller is, keys, and what operators see of all workspaces.",
  Publishing: "Events by HTTP, for producers without NATS.",
  Audit: "Who did what.",
  Portal: "Sessions of the portal, by which customers see and do what is theirs.",
  Operators: "The installation as a whole, for its operators.",
} as const;

const DESCRIPTION = [
  "Ringback delivers events of voice-AI calls to the HTTPS endpoints that customers subscribe.",
  "A key belongs to one workspace and sees nothing of another. Each call says which scope its key needs; `admin` has all. An operator names the workspace of each call in `X-Workspace-Id`.",
  "Bodies are strict JSON, and unknown fields are refused. A request that is not carried out gets an `application/problem+json` response, whose `code` tells the cases apart.",
  "Lists come in pages: send `next_cursor` back as `cursor` until it is null.",
].join("\n\n");

const toJson = { override: asDocumented };

/** Describes every route that is registered later; the first request for the document builds it. */
export const documentApi = (app: Api): void => {
  const transform = createJsonSchemaTransform({ zodToJsonConfig: toJson });
  const withComponents = createJsonSchemaTransformObject({ zodToJsonConfig: toJson });
  void app.register(swagger, {
    openapi: {
      openapi: "3.1.1",
      info: {
        title: "Ringback",
        version: manifest.version,
        description: DESCRIPTION,
        license: { name: "Apache License 2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: BASE_PATH, description: "The service that this document comes from" }],
      tags: Object.entries(API_TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          apiKey: {
            type: "apiKey",
            in: "header",
            name: "X-API-KEY",
            description: "The whole key, `rb_<id>_<secret>`.",
          },
          bearer: {
            type: "http",
            scheme: "bearer",
            description: "The same key, where no X-API-KEY is sent.",
          },
        },
      },
    },
    convertConstToEnum: false, // JSON Schema 2020-12, and with it OpenAPI 3.1, has `const`
    transform: (document) => {
      const { schema, url } = transform(document);
      if (schema.hide === true) return { schema, url };
      const plain = withHeaders(schema as PlainSchema, document.route);
      return { schema: withProblems(plain, document.route), url };
    },
    transformObject: (document) =>
      withWebhooks(tidied(withComponents(document) as ApiDocument)) as ReturnType<
        typeof withComponents
      >,
  });
};
