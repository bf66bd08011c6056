import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listedPages } from "../../test/console/pages/page-list.ts";
import { SHOTS } from "./shots.ts";

const DOCS = join(import.meta.dirname, "../../docs");
const MAX_BYTES = 200_000;

test("each page of the console has a picture", async () => {
  const drawn = new Set(SHOTS.map(({ page }) => page));
  const missing = (await listedPages()).filter(({ path }) => !drawn.has(path));
  expect(missing.map(({ path }) => path)).toEqual([]);
});

test("each picture is there, is small, and stands in the documents with words for who does not see it", async () => {
  const text = await readFile(join(DOCS, "console.md"), "utf8");
  const faults = await Promise.all(
    SHOTS.map(async ({ name }) => {
      const image = `images/console-${name}.png`;
      const { size } = await stat(join(DOCS, image)).catch(() => ({ size: Infinity }));
      const alt = new RegExp(String.raw`!\[([^\]]+)\]\(${image}\)`).exec(text)?.[1] ?? "";
      if (size > MAX_BYTES) return [`${image} is not there, or too large: ${size} bytes`];
      return alt.length < 10 ? [`${image} is not shown in docs/console.md, or has no words`] : [];
    }),
  );
  expect(faults.flat()).toEqual([]);
});

test("no picture is left of what is no longer drawn", async () => {
  const text = await readFile(join(DOCS, "console.md"), "utf8");
  const shown = [...text.matchAll(/images\/console-([\w-]+)\.png/g)].map(([, name]) => name);
  expect(new Set(shown)).toEqual(new Set(SHOTS.map(({ name }) => name)));
});
