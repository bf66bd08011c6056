import { Buffer } from "node:buffer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { schemaValidator, type SchemaValidator } from "./schema-validator.ts";

let validator: SchemaValidator;
beforeEach(() => {
  validator = schemaValidator();
});
afterEach(() => validator.stop());

const bodies = [Buffer.from(`{"text":"${"a".repeat(40)}!"}`)];

const result = (workspaceId: string, schema: object, maxMs?: number) =>
  validator.validate({
    workspaceId,
    schema: JSON.stringify(schema),
    bodies,
    ...(maxMs === undefined ? {} : { maxMs }),
  });

const slow = (n: number) => ({ properties: { text: { pattern: `^(a+)+${n}$` } } });
const NEEDS_SCORE = { required: ["score"] };
const WARNED = {
  kind: "validated",
  warnings: [[{ path: "", message: "must have required property 'score'" }]],
};

test("a schema whose answer would come later is none, and takes nobody else's answer with it", async () => {
  for (const schema of [
    { $async: true, ...NEEDS_SCORE },
    { allOf: [{ $async: true, ...NEEDS_SCORE }] },
  ]) {
    expect(await result("w1", schema)).toMatchObject({ kind: "unusable" });
    expect(await result("w2", NEEDS_SCORE)).toMatchObject(WARNED);
  }
});

test("slow schemas of a workspace hold up another's answer for a second, and end three threads a minute", async () => {
  await result("w1", {}); // the thread is there
  const begunMs = performance.now();
  const all = Array.from({ length: 20 }, (_, n) => result("w1", slow(n)));
  const others = await result("w2", NEEDS_SCORE);
  expect(performance.now() - begunMs).toBeLessThan(5_000); // 20 of them take 10 s
  expect(["busy", "validated"]).toContain(others.kind);
  const kinds = new Set((await Promise.all(all)).map(({ kind }) => kind));
  expect([...kinds].toSorted()).toEqual(["busy", "not_validated"]);
  for (let n = 20; n < 23; n += 1) await result("w1", slow(n), 100);
  const againMs = performance.now();
  expect(await result("w1", slow(99))).toEqual({ kind: "not_validated" });
  expect(performance.now() - againMs).toBeLessThan(450); // half a second where it is tried
  expect(await result("w2", NEEDS_SCORE)).toMatchObject(WARNED);
});
