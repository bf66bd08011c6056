import { problemResponses } from "../problem.ts";
import fastify from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { documentApi } from "./document.ts";
import type { ApiDocument } from "./tidy.ts";
import type { Api } from "../api.ts";
import { validatorCompiler } from "../validation.ts";

const opened: Api[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()));
});

const thing = z.object({ name: z.string() }).meta({ id: "TestThing", description: "A thing." });
z.object({ name: z.string() }).meta({ id: "TestThingOfNobody" });

/** The document of an API with these routes. */
const documentOf = async (routes: (api: Api) => void): Promise<ApiDocument> => {
  const app: Api = fastify().withTypeProvider<ZodTypeProvider>();
  opened.push(app);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  documentApi(app);
  await app.register(async (api: Api) => routes(api), { prefix: "/ca/api/v0" });
  await app.ready();
  return JSON.parse(JSON.stringify(app.swagger())) as ApiDocument;
};

const handler = (): never => {
  throw new Error("nobody calls");
};

type Operation = Readonly<Record<string, never>> & {
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
};

const statuses = (operation: unknown): string[] => Object.keys((operation as Operation).responses);

test("a call that reads says what it answers: its scope, and no body's problems", async () => {
  const { paths } = await documentOf((api) => {
    const config = { permission: "read", documented: { problems: ["agent_not_found"] } } as const;
    const params = z.object({ id: z.string() });
    const response = { 200: thing, ...problemResponses };
    api.get("/things/:id", { config, schema: { params, response } }, handler);
  });
  const { get } = paths["/things/{id}"] ?? {};
  expect(statuses(get)).toEqual(["200", "400", "401", "403", "404", "429", "500", "503"]);
  expect(get).toMatchObject({
    description: "Scope: `read`.",
    security: [{ apiKey: ["read"] }, { bearer: ["read"] }],
    responses: {
      200: {
        description: "A thing.",
        content: { "application/json": { schema: { $ref: "#/components/schemas/TestThing" } } },
      },
    },
  });
});

test("a body, headers and a scope bring their own problems", async () => {
  const { paths, components } = await documentOf((api) => {
    const config = {
      permission: "write",
      documented: { takes: ["If-Match", "Idempotency-Key"], gives: ["ETag"] },
    } as const;
    const body = z.strictObject({ name: z.string() });
    const response = { 204: z.undefined(), ...problemResponses };
    api.patch("/things", { config, schema: { body, response } }, handler);
  });
  const { patch } = paths["/things"] ?? {};
  const problems = ["400", "401", "403", "408", "409", "412", "413", "415", "422", "429"];
  expect(statuses(patch)).toEqual(["204", ...problems, "500", "503"]);
  const { responses, parameters } = patch as unknown as {
    responses: Record<string, { $ref: string; content?: unknown; headers: object }>;
    parameters: { name: string }[];
  };
  expect([responses["204"]?.content, Object.keys(responses["204"]?.headers ?? {})]).toEqual([
    undefined,
    ["ETag"],
  ]);
  expect(parameters.map(({ name }) => name)).toEqual(["If-Match", "Idempotency-Key"]);
  const name = responses["422"]?.$ref.split("/").at(-1) ?? "";
  expect(name).toBe("validation_failed.idempotency_key_reused");
  expect(components.responses?.[name]).toMatchObject({
    content: {
      "application/problem+json": {
        examples: { validation_failed: { value: { status: 422, errors: [{}] } } },
      },
    },
  });
});

test("a response is of the media types that its route produces, whatever it may hold", async () => {
  const { paths } = await documentOf((api) => {
    const produces = ["application/json", "application/octet-stream"];
    const schema = { produces, response: { 200: z.unknown(), ...problemResponses } };
    api.get("/things", { config: { permission: "read" }, schema }, handler);
  });
  const { responses } = (paths["/things"] ?? {})["get"] as unknown as {
    responses: { 200: { content: object } };
  };
  expect(Object.keys(responses[200]?.content ?? {})).toEqual([
    "application/json",
    "application/octet-stream",
  ]);
});

test("a route that does not declare problems is not said to have any", async () => {
  const { paths } = await documentOf((api) => {
    api.get("/things", { schema: { response: { 200: thing } } }, handler);
  });
  expect(statuses(paths["/things"]?.["get"])).toEqual(["200"]);
});

test("fields show as readers need them, and what nothing refers to is left out", async () => {
  const limit = z
    .string()
    .transform(Number)
    .meta({ description: "How many", documentedAs: { type: "integer", minimum: 1 } });
  const read = z.object({ at: z.iso.datetime(), count: z.int(), thing });
  const { paths, components, tags } = await documentOf((api) => {
    const schema = { querystring: z.strictObject({ limit }), tags: ["Events"] };
    const response = { 200: read, ...problemResponses };
    api.get("/things", { schema: { ...schema, response } }, handler);
    api.get("/hidden", { schema: { hide: true } }, handler);
  });
  expect(Object.keys(paths)).toEqual(["/things"]);
  expect(paths["/things"]?.["get"]).toMatchObject({
    parameters: [
      {
        name: "limit",
        required: true,
        description: "How many",
        schema: { type: "integer", minimum: 1 },
      },
    ],
  });
  const { responses } = (paths["/things"] ?? {})["get"] as unknown as {
    responses: { 200: { content: { "application/json": { schema: object } } } };
  };
  expect(responses[200].content["application/json"].schema).toEqual({
    type: "object",
    required: ["at", "count", "thing"],
    properties: {
      at: { type: "string", format: "date-time" },
      count: { type: "integer" },
      thing: { $ref: "#/components/schemas/TestThing" },
    },
  });
  const names = Object.keys(components.schemas ?? {}).filter((name) => !name.endsWith("Event"));
  expect(names.toSorted()).toEqual(["Problem", "TestThing"]);
  expect(tags?.map(({ name }) => name)).toEqual(["Events", "Webhooks"]);
});
