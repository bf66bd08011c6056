import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { makeTempDir } from "../test/harness/temp-dir.ts";
import { houseAt, markdownOf } from "./house.ts";
import { arrowsIn, circlesIn, floorsOf, type Graph } from "./house/graph.ts";
import { sourceFile } from "./house/source-file.ts";

/** `"a>b a>c"` as a graph; a node that needs nothing is named alone. */
const graphOf = (text: string): Graph => {
  const graph = new Map<string, Set<string>>();
  for (const [from = "", to] of text.split(" ").map((arrow) => arrow.split(">"))) {
    for (const node of [from, to ?? from]) if (!graph.has(node)) graph.set(node, new Set());
    if (to !== undefined) graph.get(from)?.add(to);
  }
  return graph;
};

test.each<[string, { floors: number; arrows: number; circles: string[][] }]>([
  ["a", { floors: 1, arrows: 0, circles: [] }],
  ["a>b b>c a>c", { floors: 3, arrows: 3, circles: [] }],
  ["a>b c>b", { floors: 2, arrows: 2, circles: [] }],
  ["a>b b>a", { floors: 1, arrows: 2, circles: [["a", "b"]] }],
  ["a>b b>c c>b c>d", { floors: 3, arrows: 4, circles: [["b", "c"]] }],
  [
    "a>b b>a b>c c>d d>e e>c",
    {
      floors: 2,
      arrows: 6,
      circles: [
        ["c", "d", "e"],
        ["a", "b"],
      ],
    },
  ],
])("floors, arrows and circles of %s", (text, { floors, arrows, circles }) => {
  const graph = graphOf(text);
  expect(floorsOf(graph)).toBe(floors);
  expect(arrowsIn(graph)).toBe(arrows);
  expect(circlesIn(graph)).toEqual(circles);
});

test("an import counts once, as a value, a type, a call, a type in place or an export again", () => {
  const text = `
    import { a } from "./a.ts";
    import type { A } from "./a.ts";
    import "./b.ts";
    export { c } from "./c.ts";
    export type * from "./d.ts";
    const e = await import("./e.ts");
    type F = import("./f.ts").F;
    // import { g } from "./g.ts";
    const text = 'import "./h.ts"';
  `;
  const { imports, exports } = sourceFile("x.ts", text);
  expect(imports.toSorted()).toEqual("abcdef".split("").map((name) => `./${name}.ts`));
  expect(exports).toBe(0);
});

test.each([
  ["/** What it is. */\nexport const a = 1;", 1, 1],
  ["// no doc comment\nexport const a = 1;", 1, 0],
  ["/* neither */ export const a = 1;", 1, 0],
  ["/** Of b. */\nconst b = 1;\nexport const a = b;", 1, 0],
  ["/** Of both. */\nexport const a = 1, b = 2;", 2, 2],
  ["/** One. */\nexport type A = 1;\nexport function f() {}\nexport class C {}", 3, 1],
  ["const a = 1, b = 2;\nexport { a, b };", 2, 0],
])("exports and those with a doc comment: %j", (text, exports, documented) => {
  const file = sourceFile("x.ts", text);
  expect([file.exports, file.documentedExports]).toEqual([exports, documented]);
});

test("lines of comment are those without code", () => {
  const text = '/**\n * Two\n */\nconst a = 1; // beside\n\n// alone\nconst b = "// text";\n';
  expect(sourceFile("x.ts", text)).toMatchObject({ lines: 7, commentLines: 4 });
});

test("a function of five parameters is found wherever it stands, and told by its line", () => {
  const text = `
    const four = (a: 1, b: 2, c: 3, d: 4) => a;
    const five = (a: 1, b: 2, c: 3, d: 4, e: 5) => a;
    const inner = { m(a: 1, b: 2, c: 3, d: 4, ...e: 5[]) {} };
  `;
  expect(sourceFile("x.ts", text).wideFunctions).toEqual(["x.ts:3", "x.ts:4"]);
});

test("text that is no TypeScript is an error that names its file", () => {
  expect(() => sourceFile("broken.ts", "const = 1")).toThrow(/^broken\.ts: /);
});

/** A checkout in which every folder has a file, and the dispatcher these. */
async function checkout(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await makeTempDir("house");
  const least = ["services/subscriptions", "libs/contracts", "libs/runtime", "cli"].map(
    (folder) => [`${folder}/src/main.ts`, "export const a = 1;\n"] as const,
  );
  for (const [path, text] of [...least, ...Object.entries(files)]) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

test("a room is a file or a folder in src, tests are no product, and a circle by types is a circle", async () => {
  const src = "services/dispatcher/src";
  const house = houseAt(
    await checkout({
      [`${src}/main.ts`]: 'import "./send/send.ts";\nimport "./settle/settle.ts";\n',
      [`${src}/send/send.ts`]: 'import "./decide/pure.ts";\nimport "node:fs";\n',
      [`${src}/send/decide/pure.ts`]: "export const a = 1;\n",
      [`${src}/send/send.test.ts`]: 'import "../main.ts";\n',
      [`${src}/settle/settle.ts`]: 'import type { A } from "./store.ts";\n',
      [`${src}/settle/store.ts`]:
        'import type { B } from "./settle.ts";\nimport "../send/send.ts";\n',
    }),
  );
  expect(house.rooms[src]).toEqual({
    rooms: 3,
    floors: 3,
    arrows: 3,
    circles: [],
    circlesOfFiles: [[`${src}/settle/settle.ts`, `${src}/settle/store.ts`]],
  });
  expect(house.sizes[src]).toMatchObject({
    files: 5,
    lines: 8,
    filesInRoot: 1,
    fullestFolder: "settle",
    filesInFullestFolder: 2,
  });
  expect(house.productLines).toBe(12);
  expect(markdownOf(house)).toContain(`| ${src} | 3 | 3 | 3 | 0 | 1 |`);
});

test("a checkout without a folder of sources is refused by that folder's name", async () => {
  const root = await checkout({});
  expect(() => houseAt(root)).toThrow(/^services\/dispatcher\/src: no \.ts file/);
});
