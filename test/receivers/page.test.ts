import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { EVENT_FIELDS } from "@ringback/contracts/events/event-fields";
import { expect, test } from "vitest";
import { staleness } from "../../scripts/generated-file.ts";
import { RECEIVING_FILE } from "../../scripts/receiving/page.ts";
import { exampleFolder } from "./example-folder.ts";
import { pythonWith } from "./python-receivers.ts";
import { newSecret, signedRequest } from "./signed-request.ts";

const ROOT = join(import.meta.dirname, "../..");
const page = readFileSync(join(ROOT, RECEIVING_FILE.path), "utf8");

test("docs/receiving-webhooks.md is as the examples and the event types are: `make receiving`", async () => {
  expect(await staleness(RECEIVING_FILE)).toBeUndefined();
});

test("the page shows or links every example for receivers", () => {
  const ofOthers = ["publish.ts", "portal-embed"];
  const files = readdirSync(join(ROOT, "docs/examples")).filter((file) => !ofOthers.includes(file));
  expect(files.length).toBeGreaterThan(10);
  const missing = files.filter(
    (file) => !page.includes(`example ${file},`) && !page.includes(`(examples/${file})`),
  );
  expect(missing).toEqual([]);
});

test("the page has a heading and every field of each built-in event type", () => {
  for (const [type, fields] of Object.entries(EVENT_FIELDS)) {
    const [, section = ""] = page.split(`\n### \`${type}\`\n`);
    const [own = ""] = section.split("\n### ");
    for (const name of ["event_type", "call_id", ...Object.keys(fields)]) {
      expect(own).toMatch(new RegExp(`^\\| \`${name}\` +\\| \\S.* \\| \\S`, "m"));
    }
  }
});

/** The first block of the page in a language: the three lines that verify. */
const threeLines = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "m").exec(page)?.[1] ?? "";

test("the three lines for JavaScript verify a request, and throw for another", async () => {
  const secret = newSecret();
  const { load, folder } = await exampleFolder([]);
  const { headers, body } = signedRequest(secret);
  const lines = threeLines("js");
  expect(lines.trim().split("\n")).toHaveLength(3);
  for (const [name, given] of Object.entries({ right: body, wrong: `${body.toString()} ` })) {
    const variables = `const rawBody = ${JSON.stringify(given.toString())}, request = ${JSON.stringify({ headers })};`;
    await writeFile(join(folder, `${name}.mjs`), `${variables}\n${lines}\nexport { event };`);
  }
  expect(await load("right.mjs", secret)).toMatchObject({ event: { call_id: "c-42" } });
  await expect(load("wrong.mjs", secret)).rejects.toThrow("No matching signature");
});

const PYTHON_REQUEST = `
import json, os, sys
class request:
    headers = json.loads(sys.argv[1])
raw_body = sys.argv[2].encode()
`;

const python = pythonWith("standardwebhooks");
const whyNot =
  python === undefined ? " (NOT TESTED: this machine's Python has no standardwebhooks)" : "";
test.skipIf(python === undefined)(
  `the three lines for Python verify a request${whyNot}`,
  async () => {
    const secret = newSecret();
    const { headers, body } = signedRequest(secret);
    const script = `${PYTHON_REQUEST}${threeLines("python")}\nprint(event["call_id"])`;
    const { stdout } = await promisify(execFile)(
      python ?? "",
      ["-B", "-c", script, JSON.stringify(headers), body.toString()],
      { env: { ...process.env, WEBHOOK_SECRET: secret } },
    );
    expect(stdout).toBe("c-42\n");
  },
);
