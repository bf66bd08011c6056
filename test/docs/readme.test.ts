import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { freePorts, upPorts } from "../harness/free-ports.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The commands of README.md, block by block, in the order in which they stand. */
const blocks = [
  ...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/^```sh\n([\s\S]*?)^```$/gm),
].map(([, code = ""]) => code.trim());
const [demo = "", up = "", ...others] = blocks;

/** A shell in the clone, with what it printed. Its processes are a group of their own. */
type Shell = { readonly child: ChildProcess; readonly printed: () => string };

const MADE_BY_SET_UP = [
  "node_modules",
  ".tools",
  "console/node_modules",
  "console/dist",
  "console/src/api/schema.gen.ts",
  "console/src/api/.schema.inputs",
];

let clone: string;
let env: NodeJS.ProcessEnv;
let port: number;
const shells: Shell[] = [];

beforeAll(async () => {
  clone = await makeTempDir("clone");
  const listed = execFileSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: ROOT,
  });
  for (const file of listed.toString().split("\0").filter(Boolean)) {
    mkdirSync(join(clone, dirname(file)), { recursive: true });
    cpSync(join(ROOT, file), join(clone, file));
  }
  // What set-up has brought, as for the first command of a reader. An npm that installed anything would do so here.
  for (const made of MADE_BY_SET_UP) symlinkSync(join(ROOT, made), join(clone, made));
  const stubs = await makeTempDir("no-npm");
  writeFileSync(join(stubs, "npm"), "#!/bin/sh\necho 'run make set-up first' >&2\nexit 1\n", {
    mode: 0o755,
  });
  // The reader's own Node.js comes first: Node 24 is what the commands must see to.
  const path = (process.env["PATH"] ?? "").split(delimiter);
  [port = 0] = await freePorts(1);
  env = {
    HOME: clone,
    PATH: [stubs, ...path.filter((entry) => !entry.endsWith("node_modules/.bin"))].join(delimiter),
    PORT: String(port),
    ...(await upPorts()),
  };
});
afterAll(async () => {
  for (const { child } of shells) {
    if (child.pid === undefined) continue;
    const ended = child.exitCode === null ? once(child, "exit") : undefined;
    try {
      process.kill(-child.pid, "SIGINT");
    } catch {
      // Nobody of the group is left.
    }
    await ended;
  }
});

const startShell = (script: string): Shell => {
  const child = spawn("bash", ["--norc", "-euo", "pipefail", "-c", script], {
    cwd: clone,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  }
  const shell = { child, printed: () => text };
  shells.push(shell);
  return shell;
};

const run = async (script: string): Promise<string> => {
  const { child, printed } = startShell(script);
  await once(child, "exit");
  if (child.exitCode !== 0)
    throw new Error(`${script}\nended with ${child.exitCode}:\n${printed()}`);
  return printed();
};

/** The commands with this test's ports, which waits until the receiver that they start is there. */
const onThesePorts = (code: string): string =>
  code
    .replaceAll("127.0.0.1:9900", `127.0.0.1:${env["RECEIVER_PORT"]}`)
    .replaceAll("127.0.0.1:8000", `127.0.0.1:${port}`)
    .replaceAll("& sleep 1", `& until (: > /dev/tcp/127.0.0.1/${port}) 2>&-; do sleep 0.1; done`);

test("the README's commands, pasted one after the other, end in deliveries", async () => {
  expect([demo, up]).toEqual(["make demo", "make up"]);
  // A setting in the shell must not change what the demo shows.
  const shown = await run(`RETRY_DELAYS='not a list' HTTP_PORT=1 ${demo}`);
  expect(shown).toMatch(/^recording_completed +3 +PUT \S+ +delivered 200 .* done$/m);
  expect(shown).toMatch(/^platform_analysis_completed +4 +PATCH \S+ +failed 204 .* dead letter$/m);
  expect(shown).toContain('ringback_dead_letters_total{reason="exhausted",destination="agent"} 1');
  expect(shown).toContain("everything went as planned");

  const platform = startShell(`exec ${up}`);
  const isUp = () => {
    if (!platform.printed().includes("Running until Ctrl-C")) throw new Error(platform.printed());
  };
  await eventually(isUp, { timeoutMs: 60_000 });
  const printed = await run(`${others.map(onThesePorts).join("\n")}\nkill $!`);
  expect(printed).toContain("delivered");
  // One over HTTP, one from a file, one on NATS; the others go to the reader's own receiver.
  await eventually(() => {
    expect(
      platform.printed().match(/POST \/calls: call_completed, attempt 1, .* answered 200/g),
    ).toHaveLength(3);
  });
}, 180_000);
