import { afterAll, beforeAll, expect, test } from "vitest";
import { openApiDocument } from "../../scripts/openapi/document.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";

failOnLeaks();

let server: NatsServer;
let acme: StartedService;
beforeAll(async () => {
  server = await startNatsServer();
  acme = await startOn(server);
});
afterAll(async () => {
  await acme.service.stop();
  await server.stop();
});

type Operation = {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: {
    readonly content: {
      readonly "application/json": {
        readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
      };
    };
  };
};

const callsOf = async () => {
  const { paths } = await openApiDocument();
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, "any"),
      operation: operation as unknown as Operation,
    })),
  );
};

const exampleIn = ({ requestBody }: Operation): string | null => {
  if (requestBody === undefined) return null;
  const [example] = Object.values(requestBody.content["application/json"].examples);
  return JSON.stringify(example?.value);
};

test("a call reads the header Idempotency-Key if the API's document says so, and no other call does", async () => {
  const calls = await callsOf();
  const documented = calls
    .filter(({ operation: { parameters = [] } }) =>
      parameters.some(({ in: where, name }) => where === "header" && name === "Idempotency-Key"),
    )
    .map(({ method, path }) => `${method} ${path}`);
  const read: string[] = [];
  for (const { method, path, operation } of calls) {
    const body = exampleIn(operation);
    const headers = {
      ...(body !== null && { "content-type": "application/json" }),
      "idempotency-key": "two words", // a call that reads it refuses it
    };
    const { body: answer } = await acme.admin.raw(path, { method, headers, body });
    if (String(answer?.["detail"]).startsWith("Idempotency-Key:")) read.push(`${method} ${path}`);
  }
  expect(read).toEqual(documented);
  expect(read).toContain("POST /events");
});
