import { globSync, readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type CommandResult, runCommand } from "../../scripts/command.ts";
import { freePorts } from "../harness/free-ports.ts";
import { makeTestCa } from "../harness/receiver/tls.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Line {
  /** Where it stands first, for messages. */
  readonly page: string;
  readonly command: string;
}

/** Each `kubectl …` of the documents, once: in blocks for a shell and in sentences, without what follows it in a pipe. */
const lines = (): readonly Line[] => {
  const found = new Map<string, Line>();
  for (const page of globSync(["*.md", "docs/**/*.md", "deploy/**/*.md"], { cwd: ROOT })) {
    const text = readFileSync(join(ROOT, page), "utf8").replaceAll(/ *\\\n\s*/g, " ");
    const [blocks, sentences] = [
      [...text.matchAll(/^ *```sh\n([^]*?)^ *```$/gm)].map(([, block = ""]) => block),
      [...text.matchAll(/`(kubectl [^`\n]+)`/g)].map(([, code = ""]) => code),
    ];
    for (const [, command = ""] of [...blocks, ...sentences].join("\n").matchAll(KUBECTL))
      found.set(command, { page, command: command.trim() });
  }
  return [...found.values()];
};

/** In quotes anything may stand, and outside of them what ends a command does not. */
const KUBECTL = /\b(kubectl (?:'[^']*'|"[^"]*"|[^'"|&;>)#\n])+)/g;

/** What a reader puts in. */
const PLACES = {
  NAMESPACE: "ringback",
  POD: "ringback-dispatcher-1",
  ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`HASH_${n}`, "$2a$11$x"])),
  job: "restore-1",
} as const;

let folder = "";
let env: NodeJS.ProcessEnv = {};

/** What a command before it in a pipe gives it. */
const PIPED = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}';

/** The command with what a sentence leaves out, and a pipe's end where it reads one. */
const runnable = (command: string): string =>
  `printf '%s' '${PIPED}' | ${command.replace(/ -k$/, " -k my-overlay")}`;

/** A configuration of kubectl whose API server is not there, and the files that commands read. */
beforeAll(async () => {
  folder = await makeTempDir("kubectl");
  const [port = 0] = await freePorts(1);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}` } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    users: [{ name: "u", user: {} }],
    "current-context": "c",
  };
  await writeFile(join(folder, "config"), JSON.stringify(config));
  await symlink(join(ROOT, "deploy"), join(folder, "deploy"));
  await mkdir(join(folder, "my-overlay"));
  const resources = ["../deploy/k8s/overlays/prod"];
  await writeFile(join(folder, "my-overlay/kustomization.yaml"), JSON.stringify({ resources }));
  const { certPem, keyPem } = await (await makeTestCa("CA")).issue({ hostname: "localhost" });
  await writeFile(join(folder, "nats.pem"), certPem);
  await writeFile(join(folder, "nats-key.pem"), keyPem);
  for (const { command } of lines()) {
    for (const [, path = ""] of command.matchAll(/--(?:from|patch)-file=(?:[\w.-]+=)?([\w.-]+)/g))
      await writeFile(join(folder, path), "{}");
  }
  env = { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: join(folder, "config"), ...PLACES };
});

/** Whether kubectl understood it: it came as far as asking the API server, or needs none. */
const isUnderstood = (ended: CommandResult): boolean =>
  ended.kind === "exited" &&
  (ended.code === 0 ||
    /connection to the server \S+ was refused|connection refused/.test(ended.stderr));

test("there is a kubectl, and it tells what it does not understand", async () => {
  const ended = await runCommand("kubectl", ["logs", "pod/x", "--all-the-pods"], {
    timeoutMs: 20_000,
    cwd: folder,
    env,
  });
  expect(ended).toMatchObject({ kind: "exited", stderr: expect.stringContaining("unknown flag") });
  expect(isUnderstood(ended)).toBe(false);
});

test("kubectl understands each line that the documents give for it", async () => {
  const all = lines();
  expect(all.length).toBeGreaterThan(50);
  const wrong: string[] = [];
  for (const { page, command } of all) {
    const ended = await runCommand("bash", ["--norc", "-uc", runnable(command)], {
      timeoutMs: 30_000,
      cwd: folder,
      env,
    });
    if (!isUnderstood(ended)) wrong.push(`${page}: ${command}: ${JSON.stringify(ended)}`);
  }
  expect(wrong).toEqual([]);
}, 300_000);
