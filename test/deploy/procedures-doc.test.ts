import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(resolve(ROOT, path), "utf8");
const procedures = read("docs/procedures.md");
const documents = globSync(["docs/**/*.md", "deploy/**/*.{md,yaml}"], { cwd: ROOT }).map(read);

/** The text of one of the procedures, up to the next. */
const procedure = (title: string): string =>
  procedures.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? "";

test("each Job has a name of its own: one of before is kept for a week", () => {
  const names = documents.flatMap((text) =>
    [...text.matchAll(/create job --from=\S+ (\S+)/g)].map(([, name]) => name ?? ""),
  );
  expect(names.length).toBeGreaterThan(3);
  expect(names.filter((name) => !name.includes("$"))).toEqual([]);
});

test("no command waits for a success alone: a Job that fails would be waited for until the time is up", () => {
  expect(documents.filter((text) => text.includes("for=condition=complete"))).toEqual([]);
});

test("a procedure goes on only once servers that it restarts have come back", () => {
  const restarts = [...procedures.matchAll(/rollout restart (\S+)\n(.*)/g)];
  expect(restarts.length).toBeGreaterThan(1);
  for (const [, what = "", next] of restarts) expect(next).toContain(`rollout status ${what}`);
});

test("another CA is given to every Secret that has one, but to that of a restore, which is made for it", () => {
  const secrets = globSync("deploy/k8s/**/*.yaml", { cwd: ROOT }).flatMap((path) =>
    [...read(path).matchAll(/secretName: (ringback-\S+)/g)].map(([, name]) => name ?? ""),
  );
  const given = [...procedure("CA and certificates of NATS").matchAll(/patch secret (\S+)/g)];
  expect(new Set(given.map(([, name]) => name))).toEqual(
    new Set(secrets.filter((name) => name !== "ringback-restore" && !name.endsWith("-tls"))),
  );
});

test("backups are made and copied out before what they are made of is deleted", () => {
  const commands = procedure("Tear down");
  const places = ["(#back-up)", "cp copy:", "delete -k deploy/k8s/jobs/backup-volume"].map((text) =>
    commands.indexOf(text),
  );
  expect(places.filter((place) => place < 0)).toEqual([]);
  expect(places.toSorted((a, b) => a - b)).toEqual(places);
});
