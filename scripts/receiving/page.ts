import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { GeneratedFile } from "../generated-file.ts";
import { eventTypeSections } from "./event-type-sections.ts";

const ROOT = join(import.meta.dirname, "../..");
const PATH = "docs/receiving-webhooks.md";
const COMMAND = "make receiving";
const LANGUAGES: Readonly<Record<string, string>> = { ".mjs": "js", ".py": "python", ".go": "go" };

/** A generated part: what it holds stands in its first line. */
const PART =
  /(<!-- (example [\w.-]+|event types), by `make receiving` -->\n)[\s\S]*?(<!-- end -->)/g;

/** The page with its generated parts made again; the text between them is written by hand. */
const receivingPage = async (): Promise<string> => {
  const page = await readFile(join(ROOT, PATH), "utf8");
  const parts = new Map<string, string>();
  for (const [, , what = ""] of page.matchAll(PART)) parts.set(what, await partFor(what));
  return page.replaceAll(PART, (_, begin: string, what: string, end: string) =>
    [begin, parts.get(what), end].join("\n"),
  );
};

const partFor = async (what: string): Promise<string> => {
  if (what === "event types") return `${await eventTypeSections()}\n`;
  const file = what.slice("example ".length);
  const code = await readFile(join(ROOT, "docs/examples", file), "utf8");
  return `\`\`\`${LANGUAGES[extname(file)] ?? ""}\n${code.trimEnd()}\n\`\`\`\n`;
};

/** The page for developers of receivers: examples are those that tests run, event types those of the contract. */
export const RECEIVING_FILE: GeneratedFile = { path: PATH, command: COMMAND, text: receivingPage };
