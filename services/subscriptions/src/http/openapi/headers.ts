import type { FastifySchema, RouteOptions } from "fastify";
import type { z } from "zod";
import type { ProblemCode } from "../problem.ts";
import { EXAMPLES, examplesOf } from "./schemas.ts";

type DocumentedHeader = {
  /** Where another header of the same name means something else. */
  readonly name?: string;
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  /** Further problems that a request with this header can get. */
  readonly problems?: readonly ProblemCode[];
};

/** Headers that calls may read, besides the API key and the headers of the body. */
const REQUEST_HEADERS = {
  "If-Match": {
    description: "Carried out only over this version: its ETag, a list of them, or `*`.",
    schema: { type: "string", examples: ['"7"'] },
    problems: ["precondition_failed"],
  },
  "If-None-Match": {
    description:
      "The response is 304 where this version is the current one: its ETag, a list of them, or `*`.",
    schema: { type: "string", examples: ['"7"'] },
  },
  "Idempotency-Key": {
    description:
      "Carried out once: the same request with the same key within 24 hours gets the first response again. Send a new key, such as a UUID, for every new request.",
    schema: {
      type: "string",
      pattern: "^[!-~]{1,255}$",
      examples: ["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    },
    problems: ["request_in_progress", "idempotency_key_reused"],
  },
  /** Of events it is kept for as long as EVENTS recognizes a message id, and not on REQUESTS. */
  "Idempotency-Key of events": {
    name: "Idempotency-Key",
    description:
      "Stored once: the same events with the same key within 10 minutes get the ids of the first ones, with `duplicate` true; other events under this key get 409. Send a new key, such as a UUID, for every new request.",
    schema: {
      type: "string",
      pattern: "^[!-~]{1,255}$",
      examples: ["3b241101-e2bb-4255-8caf-4136c566a962"],
    },
    problems: ["event_differs"],
  },
  "Last-Event-ID": {
    description: "Goes on behind this event of the stream: the last `id` that was read.",
    schema: { type: "string" },
    problems: ["validation_failed"],
  },
} as const satisfies Readonly<Record<string, DocumentedHeader>>;

/** Headers that some responses have. */
const RESPONSE_HEADERS = {
  ETag: {
    description: "The version, for `If-Match` and `If-None-Match`.",
    schema: { type: "string", examples: ['"7"'] },
  },
  Location: {
    description: "Where it is.",
    schema: { type: "string", examples: ["/ca/api/v0/agent/v1/agent-7"] },
  },
  "Idempotency-Replayed": {
    description:
      "`true`: this is the response to an earlier request with this `Idempotency-Key`, sent again.",
    schema: { type: "string", const: "true" },
  },
} as const satisfies Readonly<Record<string, DocumentedHeader>>;

/** A route's own part of the API's document, in its `config`. */
export type Documented = {
  /** Problems of this call alone, such as `agent_not_found`; those of every call are added. */
  readonly problems?: readonly ProblemCode[];
  readonly takes?: readonly (keyof typeof REQUEST_HEADERS)[];
  /** On its 2xx and 3xx responses. */
  readonly gives?: readonly (keyof typeof RESPONSE_HEADERS)[];
};

declare module "fastify" {
  interface FastifyContextConfig {
    documented?: Documented;
  }
}

/** The response to each status, as @fastify/swagger reads it. */
export type Responses = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A route's schema with JSON Schema in place of zod's. */
export type PlainSchema = Omit<FastifySchema, "response"> & { readonly response?: Responses };

const MEANINGS: Readonly<Record<string, string>> = {
  200: "Done.",
  201: "Created.",
  202: "Accepted and stored: it runs from now on.",
  204: "Done; the response has no body.",
  304: "Not changed since.",
};

/** Adds request headers, response headers and descriptions of responses to a route's schema. */
export const withHeaders = (schema: PlainSchema, { config, schema: own }: RouteOptions) => {
  const { takes = [], gives = [] }: Documented = config?.documented ?? {};
  const given = schemasOf(gives, RESPONSE_HEADERS);
  const { produces = ["application/json"] } = schema;
  const zodOf = (own?.response ?? {}) as Readonly<Record<string, z.ZodType>>;
  const responses = Object.entries(schema.response ?? {}).map(([status, response]) => {
    if (!/^[23]\d\d$/.test(status)) return [status, response];
    const description = zodOf[status]?.description ?? MEANINGS[status] ?? "Done.";
    const said = {
      description,
      ...(gives.length > 0 && { headers: given }),
    };
    if ("content" in response) return [status, { ...said, ...response }];
    // `null` stands for a response without a body.
    if (response["type"] === "null") return [status, { ...response, ...said }];
    const examples = examplesOf(zodOf[status]);
    const { [EXAMPLES]: _, ...plain } = response;
    const media = { schema: plain, ...(examples !== undefined && { examples }) };
    const content = produces.map((type) => [type, media]);
    return [status, { ...said, content: Object.fromEntries(content) }];
  });
  return {
    ...schema,
    ...(takes.length > 0 && {
      headers: { type: "object", properties: schemasOf(takes, REQUEST_HEADERS) },
    }),
    response: Object.fromEntries(responses) as Responses,
  };
};

const schemasOf = <Name extends string>(
  names: readonly Name[],
  headers: Readonly<Record<Name, DocumentedHeader>>,
) =>
  Object.fromEntries(
    names.map((key) => {
      const { name = key, schema, description } = headers[key];
      return [name, { ...schema, description }];
    }),
  );

/** The problems that a route's request headers can cause. */
export const problemsOfHeaders = ({ takes = [] }: Documented): ProblemCode[] =>
  takes.flatMap((name): readonly ProblemCode[] => {
    const header: DocumentedHeader = REQUEST_HEADERS[name];
    return header.problems ?? [];
  });
