import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findPrometheus, type PrometheusTools } from "./prometheus.ts";
import type { Unpacked } from "./prometheus/from-apt.ts";

let directory: string;
let toolsDirectory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "prometheus-test-"));
  toolsDirectory = join(directory, "tools");
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Two programs that say this version, in a directory of this name. */
const programs = async (
  place: string,
  version: string,
  names = ["prometheus", "promtool"],
): Promise<string> => {
  await mkdir(place, { recursive: true });
  for (const name of names) {
    await writeFile(
      join(place, name),
      `#!/bin/sh\necho '${name}, version ${version} (branch: x)'\n`,
    );
    await chmod(join(place, name), 0o755);
  }
  return place;
};

const nothing = async (): Promise<Unpacked> => ({ kind: "unavailable", reason: "no route" });
const asPackage =
  (version: string) =>
  async (into: string): Promise<Unpacked> => ({
    kind: "unpacked",
    directory: await programs(join(into, "usr", "bin"), version),
  });

const find = (
  env: NodeJS.ProcessEnv,
  fetch: (into: string) => Promise<Unpacked> = nothing,
): Promise<PrometheusTools> =>
  findPrometheus({ env, toolsDirectory, fetch, report: () => undefined });

test("the directory that PROMETHEUS_BIN_DIR names comes first", async () => {
  const wish = await programs(join(directory, "wish"), "3.5.0");
  await programs(join(toolsDirectory, "prometheus"), "2.42.0");
  expect(await find({ PROMETHEUS_BIN_DIR: wish })).toEqual({
    kind: "found",
    prometheus: join(wish, "prometheus"),
    promtool: join(wish, "promtool"),
    version: "3.5.0",
  });
});

test("a PROMETHEUS_BIN_DIR without the programs is an error that names it", async () => {
  const wish = await programs(join(directory, "half"), "3.5.0", ["prometheus"]);
  await expect(find({ PROMETHEUS_BIN_DIR: wish })).rejects.toThrow(`PROMETHEUS_BIN_DIR: '${wish}'`);
});

test("one on PATH is used, unless it is too old for the rules", async () => {
  const old = await programs(join(directory, "old"), "2.25.2");
  const usable = await programs(join(directory, "usable"), "2.26.0");
  const found = await find({ PATH: `${old}:${usable}` });
  expect(found).toMatchObject({ kind: "found", prometheus: join(usable, "prometheus") });
});

test("what is fetched is kept: the second time nothing is asked for", async () => {
  const kept = join(toolsDirectory, "prometheus");
  const expected = { kind: "found", promtool: join(kept, "promtool"), version: "2.53.3" };
  expect(await find({ PATH: "" }, asPackage("2.53.3"))).toMatchObject(expected);
  expect(await find({ PATH: "" }, nothing)).toMatchObject(expected);
  expect(await readdir(toolsDirectory)).toEqual(["prometheus"]);
});

test("what was kept and is of no use is fetched again", async () => {
  await programs(join(toolsDirectory, "prometheus"), "none", ["promtool"]);
  const found = await find({ PATH: "" }, asPackage("2.53.3"));
  expect(found).toMatchObject({ kind: "found", version: "2.53.3" });
});

test("where it cannot be had, the reason is told and nothing is left", async () => {
  const told: string[] = [];
  const report = (line: string): void => void told.push(line);
  const found = await findPrometheus({ env: {}, toolsDirectory, fetch: nothing, report });
  expect(found).toEqual({ kind: "absent", reason: "no route" });
  expect(told.at(-1)).toContain("no route");
  expect(await readdir(toolsDirectory)).toEqual([]);
});
