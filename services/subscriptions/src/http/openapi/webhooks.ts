import { METHOD_TYPES, type MethodType } from "@ringback/contracts/agents/subscription";
import {
  FIELD_MEANINGS,
  ROUTING_FIELDS,
  TYPE_MEANINGS,
} from "@ringback/contracts/events/event-meanings";
import {
  EVENT_TYPES,
  eventSchema,
  type BuiltInEventType,
} from "@ringback/contracts/events/event-types";
import { z } from "zod";
import { sampleOf } from "./event-samples.ts";
import { asDocumented } from "./schemas.ts";
import type { ApiDocument } from "./tidy.ts";
import { REQUEST_HEADERS, RESPONSES } from "./webhook-parts.ts";

const TAG = {
  name: "Webhooks",
  description:
    "What endpoints receive: one request for each event of a type that is subscribed. Besides the headers named here a request has those of its subscription. Types that a workspace added come in the same way, with fields of their own.",
};

/** Adds what endpoints receive to the API's document: a webhook for each built-in type of event. */
export const withWebhooks = (document: ApiDocument): ApiDocument => {
  const { components, tags = [] } = document;
  return {
    ...document,
    tags: [...tags, TAG],
    webhooks: Object.fromEntries(EVENT_TYPES.map((type) => [type, webhookOf(type)])),
    components: {
      ...components,
      schemas: { ...components.schemas, ...ofEachType(payloadSchema) },
      responses: { ...components.responses, ...RESPONSES },
      parameters: REQUEST_HEADERS,
      requestBodies: ofEachType(requestBody),
    },
  };
};

/** The component of a type, such as `CallCompletedEvent`. */
const componentOf = (type: BuiltInEventType): string => `${pascalCase(type)}Event`;

const pascalCase = (text: string): string =>
  text.replaceAll(/(?:^|_)([a-z])/g, (_, first: string) => first.toUpperCase());

const ofEachType = <Part>(make: (type: BuiltInEventType) => Part): Record<string, Part> =>
  Object.fromEntries(EVENT_TYPES.map((type) => [componentOf(type), make(type)]));

/** One request, by each of the methods that a subscription may choose. */
const webhookOf = (type: BuiltInEventType) => ({
  parameters: Object.keys(REQUEST_HEADERS).map((name) => ({
    $ref: `#/components/parameters/${name}`,
  })),
  ...Object.fromEntries(
    METHOD_TYPES.map((method) => [method.toLowerCase(), requestOf(type, method)]),
  ),
});

const SUMMARIES: Readonly<Record<MethodType, string>> = {
  POST: "unless its subscription says otherwise",
  PUT: "for a subscription with `method_type` PUT",
  PATCH: "for a subscription with `method_type` PATCH",
};

const requestOf = (type: BuiltInEventType, method: MethodType) => ({
  operationId: `receive${pascalCase(type)}By${pascalCase(method.toLowerCase())}`,
  summary: `${type}, ${SUMMARIES[method]}`,
  description: TYPE_MEANINGS[type],
  tags: [TAG.name],
  security: [],
  requestBody: { $ref: `#/components/requestBodies/${componentOf(type)}` },
  responses: {
    200: { $ref: "#/components/responses/Acknowledged" },
    "2XX": { $ref: "#/components/responses/NotAcknowledged" },
    429: { $ref: "#/components/responses/RetryLater" },
    503: { $ref: "#/components/responses/RetryLater" },
    default: { $ref: "#/components/responses/Failed" },
  },
});

const requestBody = (type: BuiltInEventType) => ({
  required: true,
  description: "The event, byte for byte as it was published.",
  content: {
    "application/json": {
      schema: { $ref: `#/components/schemas/${componentOf(type)}` },
      examples: { [type]: { summary: TYPE_MEANINGS[type], value: sampleOf(type) } },
    },
  },
});

const MEANINGS: Readonly<Record<string, string>> = {
  ...FIELD_MEANINGS,
  ...Object.fromEntries(ROUTING_FIELDS.map(({ name, meaning }) => [name, meaning])),
};

/** A type's payload. Any field but those that route may be missing, and there may be others. */
const payloadSchema = (type: BuiltInEventType) => {
  const {
    $schema: _,
    properties = {},
    ...schema
  } = z.toJSONSchema(eventSchema(type), {
    override: asDocumented,
  });
  const described = Object.entries(properties).map(([name, field]) => [
    name,
    { description: MEANINGS[name], ...plainField(field) },
  ]);
  return {
    description: TYPE_MEANINGS[type],
    ...schema,
    properties: Object.fromEntries(described) as Readonly<Record<string, unknown>>,
  };
};

/** Without the choice between anything and null, which is anything. */
const plainField = (field: z.core.JSONSchema._JSONSchema): object => {
  const { anyOf = [], ...rest } = field as z.core.JSONSchema.BaseSchema;
  const isAnything = anyOf.some((choice) => Object.keys(choice).length === 0);
  return isAnything ? rest : (field as object);
};
