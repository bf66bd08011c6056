import { Buffer } from "node:buffer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { schemaJudge, type SchemaJudge } from "./schema-judge.ts";

let judge: SchemaJudge;
beforeEach(() => {
  judge = schemaJudge();
});
afterEach(() => judge.stop());

const bodies = [Buffer.from(`{"text":"${"a".repeat(40)}!"}`)];

const judged = (workspaceId: string, schema: object, maxMs?: number) =>
  judge.judge({
    workspaceId,
    schema: JSON.stringify(schema),
    bodies,
    ...(maxMs === undefined ? {} : { maxMs }),
  });

const slow = (n: number) => ({ properties: { text: { pattern: `^(a+)+${n}$` } } });
const NEEDS_SCORE = { required: ["score"] };
const WARNED = {
  kind: "judged",
  warnings: [[{ path: "", message: "must have required property 'score'" }]],
};

test("a schema whose answer would come later is none, and takes nobody else's answer with it", async () => {
  for (const schema of [
    { $async: true, ...NEEDS_SCORE },
    { allOf: [{ $async: true, ...NEEDS_SCORE }] },
  ]) {
    expect(await judged("w1", schema)).toMatchObject({ kind: "unusable" });
    expect(await judged("w2", NEEDS_SCORE)).toMatchObject(WARNED);
  }
});

test("slow schemas of a workspace hold up another's answer for a second, and end three threads a minute", async () => {
  await judged("w1", {}); // the thread is there
  const begunMs = performance.now();
  const all = Array.from({ length: 20 }, (_, n) => judged("w1", slow(n)));
  const others = await judged("w2", NEEDS_SCORE);
  expect(performance.now() - begunMs).toBeLessThan(3_000);
  expect(["busy", "judged"]).toContain(others.kind);
  const kinds = new Set((await Promise.all(all)).map(({ kind }) => kind));
  expect([...kinds].toSorted()).toEqual(["busy", "not_judged"]);
  for (let n = 20; n < 23; n += 1) await judged("w1", slow(n), 100);
  const againMs = performance.now();
  expect(await judged("w1", slow(99))).toEqual({ kind: "not_judged" });
  expect(performance.now() - againMs).toBeLessThan(100);
  expect(await judged("w2", NEEDS_SCORE)).toMatchObject(WARNED);
});
