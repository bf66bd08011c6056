import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFolder } from "./folder.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "folder-test-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

test("a folder of the setting is made where it is missing, and stays", () => {
  const folder = openFolder(join(parent, "a", "b"));
  folder.leave();
  expect([existsSync(join(parent, "a", "b")), dirname(folder.file)]).toEqual([
    true,
    join(parent, "a", "b"),
  ]);
});

test("without the setting it is a folder of this process only, and gone at the end", () => {
  const [one, other] = [openFolder(undefined), openFolder(undefined)];
  expect(existsSync(dirname(other.file))).toBe(true);
  for (const folder of [one, other]) folder.leave();
  expect([one, other].map(({ file }) => existsSync(dirname(file)))).toEqual([false, false]);
});

test("what a killed process has left is removed, and what is in use is not", () => {
  const dead = join(tmpdir(), "ringback-projection-4000001-abc"); // beyond the largest process id
  const alive = join(tmpdir(), `ringback-projection-${process.ppid}-abc`);
  for (const folder of [dead, alive]) mkdirSync(folder, { recursive: true });
  openFolder(undefined).leave();
  expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
  rmSync(alive, { recursive: true });
});

test("a folder that cannot be made is said to be the setting's", () => {
  const file = join(parent, "file");
  writeFileSync(file, "");
  expect(() => openFolder(join(file, "folder"))).toThrow(/^PROJECTION_DIR: .*ENOTDIR/);
});

test("a folder that the system refuses to make, though its parent is there, does not hang the start", () => {
  const module = new URL("folder.ts", import.meta.url).href;
  const program = `import { openFolder } from "${module}"; openFolder("/proc/none");`;
  // A process of its own: what hangs here is synchronous, and would take the tests with it.
  const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 10_000,
  });
  expect(stderr).toMatch(/PROJECTION_DIR: no folder for the projection: E\w+: /);
});
