import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openApiDocument } from "../../scripts/openapi/document.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

const run = promisify(execFile);
const BIN = join(import.meta.dirname, "../../node_modules/.bin");

type Ref = { readonly $ref: string };
type Header = { readonly name: string; readonly required?: boolean; readonly schema: object };
type Webhook = {
  readonly parameters: readonly Ref[];
  readonly post: { readonly requestBody: Ref };
};

const named = (part: Record<string, unknown> | undefined, { $ref }: Ref): unknown =>
  part?.[$ref.split("/").at(-1) ?? ""];

const object = (entries: readonly (readonly [string, object])[], required: readonly string[]) => ({
  type: "object",
  properties: Object.fromEntries(entries),
  required,
  additionalProperties: false,
});

/** The webhooks as JSON Schema: an object with headers and body for each type. */
const webhooksSchema = async (): Promise<object> => {
  const { webhooks = {}, components } = await openApiDocument();
  const requests = Object.entries(webhooks).map(([type, webhook]) => {
    const { parameters, post } = webhook as unknown as Webhook;
    const headers = parameters.map((one) => named(components.parameters, one) as Header);
    const { content } = named(components.requestBodies, post.requestBody) as {
      content: { "application/json": { schema: object } };
    };
    const headerSchema = object(
      headers.map(({ name, schema }) => [name, schema]),
      headers.filter((one) => one.required === true).map(({ name }) => name),
    );
    const both = { headers: headerSchema, body: content["application/json"].schema };
    return [type, object(Object.entries(both), ["headers", "body"])] as const;
  });
  const types = requests.map(([type]) => type);
  return { title: "Webhooks", ...object(requests, types), components };
};

const RECEIVER = `
import type { Webhooks } from "./webhooks.d.ts";

type Request = Webhooks[keyof Webhooks];

/** Seconds of a call, or what else came. */
export const received = ({ headers, body }: Request): string => {
  const id: string = headers["webhook-id"];
  const signature: string | undefined = headers["webhook-signature"];
  if (headers["ringback-test"] === "true" || signature === undefined) return id;
  switch (body.event_type) {
    case "call_completed": {
      const duration: number | string | null | undefined = body.call_duration;
      return \`\${body.call_id} took \${duration ?? "?"} s\`;
    }
    case "recording_completed":
      return body.recording_url ?? "";
    case "delivery_exhausted":
      return String(body.delivery?.["event_id"]);
    default:
      return String(body["of_a_later_version"]);
  }
};

export const mistakes = ({ headers, body }: Webhooks["call_completed"]): void => {
  // @ts-expect-error a request need not be signed
  headers["webhook-signature"].length;
  // @ts-expect-error there is no such header
  headers["webhook-secret"];
  // @ts-expect-error a field may be missing
  body.call_sid.length;
  // @ts-expect-error another type's event
  body.event_type === "call_started";
};
`;

test("a receiver is compiled against types that are generated from the document's webhooks", async () => {
  const folder = await makeTempDir("generated-types");
  const [schema, types, receiver] = ["schema.json", "webhooks.d.ts", "receiver.ts"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(schema, JSON.stringify(await webhooksSchema()));
  await writeFile(receiver, RECEIVER);
  await run(process.execPath, [join(BIN, "json2ts"), "-i", schema, "-o", types]);
  const options = ["--noEmit", "--strict", "--allowImportingTsExtensions", "--target", "es2024"];
  const compiled = await run(join(BIN, "tsc"), [...options, receiver], { cwd: folder }).then(
    () => "well",
    ({ stdout }: { stdout?: string }) => stdout,
  );
  expect(compiled).toBe("well");
}, 60_000);
