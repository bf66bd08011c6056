import { Parser } from "@asyncapi/parser";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { expect, test } from "vitest";
import { ASYNCAPI_FILE } from "../../scripts/asyncapi/document.ts";
import { CHANNELS, NOT_DOCUMENTED } from "../../scripts/asyncapi/channels.ts";
import { staleness } from "../../scripts/generated-file.ts";

test("docs/asyncapi.yaml is what the contracts say", async () => {
  expect(await staleness(ASYNCAPI_FILE)).toBeUndefined();
});

test("it is AsyncAPI 3, and its examples are what their schemas say", async () => {
  const { document, diagnostics } = await new Parser().parse(await ASYNCAPI_FILE.text());
  expect(diagnostics.map(({ path, message }) => `${path.join(".")}: ${message}`)).toEqual([]);
  expect(document?.version()).toBe("3.1.0");
  const names = document
    ?.channels()
    .all()
    .map((channel) => channel.id());
  expect(names?.toSorted()).toEqual(CHANNELS.map(({ name }) => name).toSorted());
});

test("every stream is in it, or is said to be nobody's business", () => {
  const documented = CHANNELS.map(({ stream }) => stream);
  const leftOut = Object.keys(NOT_DOCUMENTED);
  expect([...new Set([...documented, ...leftOut])].toSorted()).toEqual(
    Object.values(STREAMS).toSorted(),
  );
  expect(documented.filter((name) => leftOut.includes(name))).toEqual([]);
});

test.each(CHANNELS.flatMap(({ messages }) => messages))(
  "the examples of $name are read as such messages",
  ({ payload, examples }) => {
    expect(examples.length).toBeGreaterThan(0);
    const refused = examples.flatMap((example) => {
      const { error } = payload?.safeParse(example.payload) ?? {};
      return error === undefined ? [] : [`${example.name}: ${error.message}`];
    });
    expect(refused).toEqual([]);
  },
);
