import { readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTempDir } from "../../test/harness/temp-dir.ts";
import { changingKeys, keyEntriesIn, writeKeyEntries } from "./key-entries.ts";
import { writeShellEnv } from "./shell-env.ts";

test("of keys that are added at once none is lost", async () => {
  const file = join(await makeTempDir("ringback-keys-"), "keys.json");
  const ids = Array.from({ length: 20 }, (_, n) => `k${n}`);
  const add = async (id: string) => writeKeyEntries(file, [...(await keyEntriesIn(file)), { id }]);
  await Promise.all(ids.map((id) => changingKeys(file, () => add(id))));
  const stored = await keyEntriesIn(file);
  expect(stored.map(({ id }) => String(id)).toSorted()).toEqual(ids.toSorted());
  await expect(stat(`${file}.lock`)).rejects.toThrow("ENOENT");
});

test("a change that fails leaves no lock", async () => {
  const file = join(await makeTempDir("ringback-keys-"), "keys.json");
  const failing = changingKeys(file, () => Promise.reject(new Error("no key")));
  await expect(failing).rejects.toThrow("no key");
  await expect(changingKeys(file, async () => "changed")).resolves.toBe("changed");
});

test.each(["[null]", "[1]", "[[]]", "{}", ""])("'%s' is no keys file", async (text) => {
  const file = join(await makeTempDir("ringback-keys-"), "keys.json");
  await writeFile(file, text);
  await expect(keyEntriesIn(file)).rejects.toThrow("is not a JSON array of API keys");
});

test("up.env is its owner's alone, whatever stood there", async () => {
  const directory = await makeTempDir("ringback-up-");
  const [file, other] = [join(directory, "up.env"), join(directory, "other")];
  await writeFile(other, "theirs", { mode: 0o644 });
  await symlink(other, file);
  const at = { apiUrl: "http://a", natsUrl: "nats://a", receiverUrl: "http://b" };
  await writeShellEnv(directory, { ...at, dispatcherAdminUrl: "http://c" }, "rb_local_1");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, "utf8")).toContain("export KEY='rb_local_1'");
  expect(await readFile(other, "utf8")).toBe("theirs");
});
