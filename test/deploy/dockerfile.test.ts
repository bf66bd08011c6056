import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  type Copy,
  DockerfileParser,
  type Instruction,
  type JSONInstruction,
  Keyword,
} from "dockerfile-ast";
import { expect, test } from "vitest";
import { IMAGE_TARGETS } from "../../scripts/images/build.ts";
import manifest from "../../package.json" with { type: "json" };
import { dispatcherSettings } from "../../services/dispatcher/src/config.ts";
import { subscriptionsSettings } from "../../services/subscriptions/src/config.ts";
import { buildContext } from "./build-context.ts";
import { settingRows } from "../../scripts/settings/rows.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(resolve(ROOT, path), "utf8");

const dockerfile = DockerfileParser.parse(read("Dockerfile"));
const instructions = dockerfile.getInstructions();
const ofKind = (keyword: Keyword, among = instructions): Instruction[] => {
  const wanted: string = keyword;
  return among.filter((one) => one.getKeyword() === wanted);
};

/** A stage's own instructions and those of the stages that it is built on, the lowest first. */
const stage = (name: string): Instruction[] => {
  const from = dockerfile.getFROMs().find((one) => one.getBuildStage() === name);
  if (from === undefined) return [];
  const start = instructions.findIndex(
    (one) => one.getRange().start.line === from.getRange().start.line,
  );
  const length = instructions.slice(start + 1).findIndex((one) => one.getKeyword() === "FROM");
  const own =
    length < 0 ? instructions.slice(start) : instructions.slice(start, start + 1 + length);
  return [...stage(from.getImage() ?? ""), ...own];
};

const last = (keyword: Keyword, name: string): Instruction | undefined =>
  ofKind(keyword, stage(name)).at(-1);

const exec = (instruction: Instruction | undefined): string[] =>
  instruction === undefined
    ? []
    : (instruction as JSONInstruction).getJSONStrings().map((text) => text.getJSONValue());

test("both bases are build arguments that are pinned by digest, and Node.js is the one of the tests", () => {
  const initial = dockerfile.getInitialARGs().map((arg) => arg.getProperty());
  const bases = new Map(
    initial.map((property) => [property?.getName(), property?.getValue() ?? ""]),
  );
  expect([...bases.keys()]).toEqual(["BUILD_IMAGE", "RUNTIME_IMAGE"]);
  for (const image of bases.values()) expect(image).toMatch(/^[a-z.]+\/[^@]+@sha256:[0-9a-f]{64}$/);
  expect(bases.get("BUILD_IMAGE")).toContain(`/node:${manifest.devDependencies.node}-`);
  expect(bases.get("RUNTIME_IMAGE")).toContain("distroless/nodejs24-");
  const stages = new Set(dockerfile.getFROMs().map((from) => from.getBuildStage()));
  const foreign = dockerfile
    .getFROMs()
    .map((from) => from.getImage() ?? "")
    .filter((image) => !stages.has(image));
  expect(foreign).toEqual([`\${BUILD_IMAGE}`, `\${RUNTIME_IMAGE}`]);
});

test.each(IMAGE_TARGETS)(
  "the image of %s runs its service as no root, without a shell",
  (target) => {
    expect(last(Keyword.USER, target)?.getArgumentsContent()).toBe("65532:65532");
    expect(exec(last(Keyword.ENTRYPOINT, target))).toEqual(["/nodejs/bin/node"]);
    const [main = ""] = exec(last(Keyword.CMD, target));
    expect(main).toBe(`services/${target}/src/main.ts`);
    expect(existsSync(resolve(ROOT, main))).toBe(true);
    expect(ofKind(Keyword.RUN, stage(target))).toEqual([]);
    const [nodeEnv] = ofKind(Keyword.ENV, stage(target));
    expect(nodeEnv?.getArgumentsContent()).toBe("NODE_ENV=production");
  },
);

test("commands are in exec form, packages come from the lockfile without scripts, nothing is fetched", () => {
  const commands = [Keyword.RUN, Keyword.CMD, Keyword.ENTRYPOINT].flatMap((one) => ofKind(one));
  expect(commands.filter((one) => exec(one).length === 0).map(String)).toEqual([]);
  const runs = ofKind(Keyword.RUN).map(exec);
  const installs = runs.filter(([command]) => command === "npm");
  const ofServices = installs.filter((install) => !install.includes("--workspace=console"));
  for (const install of ofServices) {
    expect(install.slice(0, 4)).toEqual(["npm", "ci", "--omit=dev", "--ignore-scripts"]);
  }
  expect(ofServices).toHaveLength(IMAGE_TARGETS.length);
  // What builds the console's pages stays in its stage.
  expect(ofKind(Keyword.RUN, stage("console")).map(exec)).toEqual([
    ["npm", "ci", "--include=dev", "--ignore-scripts", "--workspace=console"],
    ["node", "node_modules/vite/bin/vite.js", "build", "console"],
  ]);
  expect(runs).toHaveLength(installs.length + 1);
  expect(ofKind(Keyword.ADD)).toEqual([]);
});

test.each(IMAGE_TARGETS)("the image of %s has the labels of OCI", (target) => {
  const labels = ofKind(Keyword.LABEL, stage(target))
    .map((one) => one.getArgumentsContent() ?? "")
    .join(" ");
  const names: string[] = [...labels.matchAll(/org\.opencontainers\.image\.([a-z]+)=/g)].map(
    ([, name = ""]) => name,
  );
  expect(names.toSorted()).toEqual([
    "created",
    "description",
    "licenses",
    "revision",
    "title",
    "vendor",
    "version",
  ]);
});

test.each([
  ["subscriptions", subscriptionsSettings],
  ["dispatcher", dispatcherSettings],
] as const)("the image of %s exposes the ports that its service listens on", (target, settings) => {
  const ports = settingRows(settings)
    .filter(({ name }) => /^(HTTP|ADMIN)_PORT$/.test(name))
    .map((row) => row.default ?? "");
  const exposed = ofKind(Keyword.EXPOSE, stage(target)).flatMap((one) =>
    one.getArguments().map(String),
  );
  const texts = ofKind(Keyword.EXPOSE, stage(target)).flatMap((one) =>
    (one.getArgumentsContent() ?? "").split(" "),
  );
  expect(exposed).toHaveLength(texts.length);
  expect(texts.toSorted()).toEqual(ports.toSorted());
});

test("what is copied is there and not ignored, every package's manifest among it", () => {
  const copied = ofKind(Keyword.COPY)
    .filter((one) => (one as Copy).getFromFlag() === null)
    .map((one) => (one.getArgumentsContent() ?? "").split(" "))
    .flatMap((paths) => paths.slice(0, -1));
  const missing = copied.filter(
    (path) => !existsSync(resolve(ROOT, path)) || buildContext().ignores(path),
  );
  expect(missing).toEqual([]);
  const manifests = ["libs", "services"].flatMap((folder) =>
    readdirSync(resolve(ROOT, folder)).map((name) => `${folder}/${name}/package.json`),
  );
  expect(copied).toEqual(expect.arrayContaining(manifests));
});
