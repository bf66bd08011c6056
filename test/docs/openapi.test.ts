import { expect, test } from "vitest";
import type { ApiDocument } from "../../services/subscriptions/src/http/openapi/tidy.ts";
import { patchAgentSchema } from "../../services/subscriptions/src/agents/routes/patch-schema.ts";
import { staleness } from "../../scripts/generated-file.ts";
import { OPENAPI_FILE, openApiDocument, servedCalls } from "../../scripts/openapi/document.ts";

/** What is asked of every call, by the name under which its absence is reported. */
type Operation = {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly responses: Readonly<Record<string, unknown>>;
};

const document = await openApiDocument();

const operations = ({ paths }: Pick<ApiDocument, "paths">) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      call: `${method.toUpperCase()} ${path}`,
      operation: operation as Operation,
    })),
  );

const answers = ({ responses }: Operation, first: string): boolean =>
  Object.keys(responses).some((status) => status.startsWith(first));

/** What a call does not say about itself. */
const missingIn = (call: string, operation: Operation): string[] => {
  const { operationId = "", summary = "", description = "", tags = [] } = operation;
  const said = {
    operationId: operationId !== "",
    summary: summary !== "",
    // The scope is added to every description: alone it says nothing of the call.
    description: description.replace(/^Scope: .*$/m, "").trim() !== "",
    tags: tags.length > 0,
    "an answer 2xx in response": answers(operation, "2"),
    "...problemResponses in response": answers(operation, "4") && answers(operation, "5"),
    // PUT makes what is not there.
    "a 404 in documented.problems":
      !call.includes("{") || call.startsWith("PUT ") || "404" in operation.responses,
  };
  return Object.entries(said)
    .filter(([, isSaid]) => !isSaid)
    .map(([name]) => `${call}: ${name}`);
};

test("docs/openapi.json is what the routes say", async () => {
  expect(await staleness(OPENAPI_FILE)).toBeUndefined();
});

test("every route says in its schema what a reader of the document needs (CONTRIBUTING.md)", () => {
  expect(operations(document).flatMap(({ call, operation }) => missingIn(call, operation))).toEqual(
    [],
  );
});

test("of a route that says nothing, each thing that is missing is named", () => {
  expect(
    missingIn("GET /events/{event_id}", { description: "Scope: `read`.", responses: {} }),
  ).toEqual(
    [
      "operationId",
      "summary",
      "description",
      "tags",
      "an answer 2xx in response",
      "...problemResponses in response",
      "a 404 in documented.problems",
    ].map((name) => `GET /events/{event_id}: ${name}`),
  );
});

test("no two routes have the same operationId", () => {
  const ids = operations(document).flatMap(({ operation }) => operation.operationId ?? []);
  expect(ids.filter((id, n) => ids.indexOf(id) < n)).toEqual([]);
});

test("every path and method that the service takes is in the document, and no other", async () => {
  const served = (await servedCalls())
    .filter((call) => !call.startsWith("HEAD "))
    .map((call) => call.replaceAll(/:(\w+)/g, "{$1}"));
  expect(
    operations(document)
      .map(({ call }) => call)
      .toSorted(),
  ).toEqual(served.toSorted());
});

test("the examples of PATCH are requests that are carried out", () => {
  const { requestBody } = (document.paths["/agent/v1"] ?? {})["patch"] as unknown as {
    requestBody: {
      content: { "application/json": { examples: Record<string, { value: unknown }> } };
    };
  };
  const { examples } = requestBody.content["application/json"];
  const policy = {
    allowInsecureHttp: false,
    allowedPrivateCidrs: [],
    allowedPorts: [{ first: 443, last: 443 }],
  };
  const refused = Object.entries(examples).flatMap(([name, { value }]) => {
    const { error } = patchAgentSchema(policy).safeParse(value);
    return error === undefined ? [] : [`${name}: ${error.message}`];
  });
  expect([Object.keys(examples).length > 3, refused]).toEqual([true, []]);
});
