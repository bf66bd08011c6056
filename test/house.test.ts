import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { houseAt } from "../scripts/house.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** What set-up, runs and version control leave there; the rest is what a clone has. */
const NOT_OURS = new Set(["node_modules", ".git", ".tools", ".run", "coverage", "results", "dist"]);

const filesUnder = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

const all = filesUnder(".").toSorted();
const sources = all.filter((path) => /^(libs|services)\/[^/]+\/src\/.*\.ts$/.test(path));
const product = sources.filter((path) => !path.endsWith(".test.ts"));

/** Comments say what must not be done; only code does it. */
const codeOf = (path: string): string =>
  read(path)
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/(^|\s)\/\/.*$/gm, "$1");

/** Each place where the code of these files has something, as `path: what`. */
const places = (paths: readonly string[], pattern: RegExp): string[] =>
  paths.flatMap((path) =>
    [...codeOf(path).matchAll(pattern)].map(([found]) => `${path}: ${found.trim()}`),
  );

const contracts = product.filter((path) => path.startsWith("libs/contracts/"));
const decisions = product.filter((path) => /\/src\/(.+\/)?decide\//.test(path));

test("there is something to look at", () => {
  const sizes = [contracts, decisions].map((paths) => paths.length);
  expect(Math.min(...sizes)).toBeGreaterThan(5);
  expect(all).toContain("package.json");
});

test("pure code knows no clock, no chance, no process and no timers", () => {
  const impure =
    /new Date\(\s*\)|Date\.now|performance\.|Math\.random|\bprocess\.|globalThis|\bfetch\(|set(?:Timeout|Interval|Immediate)\(|\bcrypto\.|console\./g;
  expect(places([...contracts, ...decisions], impure)).toEqual([]);
});

test("a file is named for what it holds, and there are no barrels", () => {
  const vague =
    /^(utils?|helpers?|types?|index|common|misc|shared|constants?)(\.test)?\.[cm]?[jt]s$/;
  const code = all.filter((path) => /\.[cm]?[jt]s$/.test(path));
  expect(code.filter((path) => vague.test(basename(path)))).toEqual([]);
  expect(code.filter((path) => !/^[a-z0-9.-]+$/.test(basename(path)))).toEqual([]);
});

test("no file of code has more than 220 lines", () => {
  const code = all.filter(
    (path) => /\.tsx?$/.test(path) && !/\.((test|long)\.ts|gen\.ts)$/.test(path),
  );
  const long = code.map((path) => `${path}: ${read(path).trimEnd().split("\n").length} lines`);
  expect(long.filter((text) => Number(/(\d+) lines$/.exec(text)?.[1]) > 220)).toEqual([]);
});

test("no folder of the product has more than 20 files beside their tests", () => {
  const ofConsole = all.filter((path) => /^console\/src\/.*(?<!\.(test|gen))\.tsx?$/.test(path));
  const folders = Map.groupBy([...product, ...ofConsole], (path) => dirname(path));
  const full = [...folders].filter(([, paths]) => paths.length > 20).map(([folder]) => folder);
  expect(full).toEqual([]);
});

test("no circle of rooms or files, types included", () => {
  const circles = Object.values(houseAt(ROOT).rooms).flatMap((of) => [
    ...of.circles,
    ...of.circlesOfFiles,
  ]);
  expect(circles).toEqual([]);
});

test("batches and headers of messages are read raw, as the client stumbles over a hostile producer's", () => {
  const decoding =
    /jsm\.direct\.|\bgetBatch\(|getLastMessagesFor|\bmessage\.headers\b|\.header\.get\(|\bheaders\?\.get\(/g;
  const foreignCode = product.filter((path) => !path.endsWith("/message-headers.ts"));
  expect(places(foreignCode, decoding)).toEqual([
    // A message of a batch, whose headers are read raw.
    "libs/runtime/src/streams/pending-retry.ts: .header.get(",
    // Both measure them first, and take what cannot be decoded for none.
    "services/dispatcher/src/intake/read-retry.ts: message.headers",
    "services/dispatcher/src/tracing/delivery-span.ts: message.headers",
  ]);
});

test("settle.ts alone acknowledges or gives back; runtime only gives back what it stops at", () => {
  expect([...new Set(places(product, /\.(?:ack|nak|term|ackAck)\(/g))]).toEqual([
    "libs/runtime/src/streams/consume.ts: .nak(",
    "services/dispatcher/src/settle/settle.ts: .ack(",
    "services/dispatcher/src/settle/settle.ts: .nak(",
  ]);
});

test("send.ts and the client of its connections alone send requests to endpoints", () => {
  const sending =
    /import \{[^}]*\b(request|get|fetch|stream|pipeline|Client|Pool|Agent)\b[^}]*\} from "(undici|(node:)?https?2?)"/g;
  const importing = places(product, sending).map((place) => place.split(":")[0]);
  const send = "services/dispatcher/src/send";
  expect(new Set(importing)).toEqual(new Set([`${send}/one-connection.ts`, `${send}/send.ts`]));
  // To the provider that people sign in with and the Pushgateway of backups, which the operator has named.
  expect(places(product, /(?<!\.)\bfetch\(|\bhttps?\.(?:request|get)\(/g)).toEqual([
    "services/subscriptions/src/backup/push-metric.ts: fetch(",
    "services/subscriptions/src/sign-in/bounded-fetch.ts: fetch(",
  ]);
});

test("nothing names a package registry or a path of somebody's machine", () => {
  const texts = all.filter((path) => !/\.(png|jpg|ico|gz|node)$/.test(path));
  const isHere = relative(ROOT, fileURLToPath(import.meta.url));
  const found = texts
    .filter((path) => path !== isHere)
    .flatMap((path) => {
      const pattern =
        /https?:\/\/[^\s"'`)]*(?:registry|npmjs|artifactory|nexus|verdaccio)[^\s"'`)]*|(?<![\w.~-])\/(?:work|home|root|Users|private)\/[\w.-]+/g;
      return [...read(path).matchAll(pattern)].map(([text]) => `${path}: ${text}`);
    });
  expect(found).toEqual([]);
});
