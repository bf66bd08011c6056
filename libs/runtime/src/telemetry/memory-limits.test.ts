import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

const shown = async (bytes: number | undefined): Promise<string | undefined> => {
  const metrics = createMetrics("1.2.3", () => bytes);
  return /^ringback_memory_limit_bytes (.*)$/m.exec((await metrics.page()).text)?.[1];
};

test.each([
  [512 * 2 ** 20, "536870912"],
  [0, undefined],
  [undefined, undefined],
  [18_446_744_073_709_552_000, undefined],
])("a container's limit of %s is shown as %s", async (bytes, expected) => {
  expect(await shown(bytes)).toBe(expected);
});

test("the heap's limit is above what is used", async () => {
  const { text } = await createMetrics("1.2.3").page();
  const limit = Number(/^ringback_heap_limit_bytes (.*)$/m.exec(text)?.[1]);
  expect(limit).toBeGreaterThan(process.memoryUsage().heapUsed);
});
