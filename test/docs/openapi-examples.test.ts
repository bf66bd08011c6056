import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { openApiDocument } from "../../scripts/openapi/document.ts";

type Media = {
  readonly schema: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
};
type Body = { readonly content?: Readonly<Record<string, Media>> };
type Operation = {
  readonly operationId: string;
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Body>>;
};

const document = await openApiDocument();

/** Every body of a request and of a 2xx response, with a name for reports. */
const bodies = Object.values(document.paths)
  .flatMap((ofPath) => Object.values(ofPath) as unknown as Operation[])
  .flatMap(({ operationId, requestBody, responses }) => [
    { name: `${operationId} request`, body: requestBody },
    ...Object.entries(responses)
      .filter(([status]) => status.startsWith("2"))
      .map(([status, body]) => ({ name: `${operationId} ${status}`, body })),
  ])
  .flatMap(({ name, body }) =>
    Object.values(body?.content ?? {}).map((media) => ({ name, media })),
  );

const examples = bodies.flatMap(({ name, media }) =>
  Object.entries(media.examples ?? {}).map(([key, { value }]) => ({
    name: `${name} '${key}'`,
    schema: media.schema,
    value,
  })),
);

/** The same schemas without room for fields that they do not name: an example must not show any. */
const closed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, closed(one)]));
  return typeof inner["properties"] === "object" && inner["type"] === "object"
    ? { additionalProperties: false, ...inner }
    : inner;
};

const components = closed(document.components);
const ajv = new Ajv2020({ strict: false, validateFormats: false });

/** What is wrong with a value; undefined where it is as the schema says. */
const mistakeIn = (schema: unknown, value: unknown): string | undefined => {
  const isValid = ajv.compile({ ...(closed(schema) as object), components });
  return isValid(value) ? undefined : ajv.errorsText(isValid.errors);
};

test("every request body and every body of a 2xx response has an example", () => {
  expect(bodies.length).toBeGreaterThan(30);
  expect(bodies.filter(({ media }) => media.examples === undefined)).toEqual([]);
});

test("every example is as its schema says, without a field that the schema does not name", () => {
  const mistakes = examples.flatMap(({ name, schema, value }) => {
    const mistake = mistakeIn(schema, value);
    return mistake === undefined ? [] : [`${name}: ${mistake}`];
  });
  expect(mistakes).toEqual([]);
});

test("a field that a schema does not name is a mistake in an example", () => {
  const schema = { $ref: "#/components/schemas/Warning" };
  expect(mistakeIn(schema, { path: "score", message: "must be number" })).toBeUndefined();
  expect(mistakeIn(schema, { path: "score", message: "", place: "" })).toContain("additional");
});

test("all examples are about one workspace, one agent and one call", () => {
  const text = JSON.stringify(examples.map(({ value }) => value));
  const named = (field: string): string[] => [
    ...new Set(
      [...text.matchAll(new RegExp(`"${field}":"([^"]+)"`, "g"))].map(([, id = ""]) => id),
    ),
  ];
  expect(named("workspace_id").filter((id) => id !== "*")).toEqual(["acme"]);
  expect(named("agent_id")).toEqual(["agent-7"]);
  expect(named("call_id").filter((id) => !id.startsWith("test-"))).toEqual(["c-42"]);
  const hosts = [...text.matchAll(/"https:\/\/([^/"]+)/g)].map(([, host = ""]) => host);
  expect(hosts.filter((host) => !/^[\w-]+\.example\.com$/.test(host))).toEqual([]);
});

test("what a schema's examples are written as does not reach readers", () => {
  expect(JSON.stringify(document)).not.toContain('"x-examples"');
});
