import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTempDir } from "../../../../test/harness/temp-dir.ts";
import { makeFolder } from "./make-folder.ts";

test("a folder is made with those above it, for this user alone, and stays as it is the next time", async () => {
  const folder = join(await makeTempDir("folders"), "a", "b");
  makeFolder(folder);
  makeFolder(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test("where no folder can be, that is said and not tried for ever", async () => {
  const file = join(await makeTempDir("folders"), "file");
  writeFileSync(file, "");
  expect(() => makeFolder(file)).toThrow("EEXIST");
  expect(() => makeFolder(join(file, "below"))).toThrow("ENOTDIR");
});

test.runIf(process.platform === "linux")("and so below /proc, where mkdir says ENOENT", () => {
  expect(() => makeFolder("/proc/x/y")).toThrow("ENOENT");
});
