import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { makeTempDir } from "../../harness/temp-dir.ts";
import { renderJob } from "../../procedures/job.ts";
import { findKustomize } from "../kustomize.ts";
import type { Container } from "../workloads.ts";

const document = readFileSync(resolve(import.meta.dirname, "../../../docs/procedures.md"), "utf8");

const kustomize = await findKustomize();
const hasJq = spawnSync("bash", ["-c", "command -v jq"]).status === 0;
const isReady = kustomize.kind !== "absent" && hasJq;
const skipped = isReady ? "" : " (skipped: it needs kustomize 5 and jq)";

/** The commands that make the Job, from its name up to the one that creates it. */
const COMMANDS = /^ *job=restore-[^]*?create -f -$/m;

/** In place of a cluster: the CronJob's Job is printed, and what is created is kept. */
const KUBECTL = `kubectl() { case "$*" in *--dry-run=client*) cat job.json;; *) cat > created.json;; esac; }`;

const withoutWishes = (container: Container | undefined): object => ({
  ...container,
  env: container?.env?.filter(({ name }) => !name.startsWith("RESTORE_")),
});

describe.skipIf(!isReady)(`the commands of the document that restore${skipped}`, () => {
  test("the Job restores the backup and the streams that the reader names, and else is as it ships", async () => {
    const { objects, container } = await renderJob("ringback-restore", ["jobs/backup"]);
    const cronJob = objects.find(({ metadata }) => metadata.name === "ringback-restore");
    if (cronJob === undefined) throw new Error("no CronJob ringback-restore");
    const { jobTemplate } = cronJob["spec"] as { jobTemplate: { spec: object } };
    const folder = await makeTempDir("restore-command");
    await writeFile(join(folder, "job.json"), JSON.stringify({ kind: "Job", ...jobTemplate }));
    const [commands = ""] = COMMANDS.exec(document) ?? [];
    const ended = spawnSync("bash", ["-euc", `${KUBECTL}\n${commands}`], {
      cwd: folder,
      encoding: "utf8",
    });
    expect({ status: ended.status, said: ended.stderr }).toEqual({ status: 0, said: "" });
    const created = JSON.parse(readFileSync(join(folder, "created.json"), "utf8")) as {
      spec: { template: { spec: { containers: Container[] } } };
    };
    const [own, ...others] = created.spec.template.spec.containers;
    const named = (name: string) => own?.env?.filter((one) => one.name === name);
    expect(others).toEqual([]);
    expect(["RESTORE_FROM", "RESTORE_STREAMS", "RESTORE_REPLACE"].map(named)).toEqual([
      [{ name: "RESTORE_FROM", value: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d-]+Z$/) }],
      [{ name: "RESTORE_STREAMS", value: "ATTEMPTS" }],
      [{ name: "RESTORE_REPLACE", value: "false" }],
    ]);
    expect(withoutWishes(own)).toEqual(withoutWishes(container));
  });
});
