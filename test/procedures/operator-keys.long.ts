import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { runCommand } from "../../scripts/command.ts";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { apiClient } from "../harness/api-client.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { useApi } from "../harness/process/start-service.ts";
import { replaceFile } from "../harness/temp-dir.ts";

failOnLeaks();

const api = useApi();

interface Entry {
  readonly id: string;
}

/** As `make api-key` adds one to the file; gives the key. */
const addKey = async (file: string): Promise<string> => {
  const made = await runCommand(process.execPath, ["scripts/make-api-key.ts"], {
    timeoutMs: 30_000,
    env: { ...process.env, WORKSPACE: "*", SCOPES: "admin", FILE: file },
  });
  if (made.kind !== "exited" || made.code !== 0) throw new Error(JSON.stringify(made));
  return made.stdout.trim();
};

test("an operator's key gets a successor beside it, and ends when its entry goes, without a restart", async () => {
  const { file } = api.keysFile;
  const { pid } = api.service;
  const statusWith = async (key: string): Promise<number> =>
    (await apiClient(api.service, key).get("/workspaces")).status;
  const all = JSON.parse(await readFile(file, "utf8")) as Entry[];
  const old = await writeApiKeysFile([{ workspaceId: "*", scopes: ["admin"] }]);
  const oldEntries = JSON.parse(await readFile(old.file, "utf8")) as Entry[];
  await replaceFile(file, JSON.stringify([...all, ...oldEntries]));
  const [oldKey = ""] = old.keys;
  await eventually(async () => (await statusWith(oldKey)) === 200, { what: "the old key counts" });

  const newKey = await addKey(file);
  await eventually(async () => (await statusWith(newKey)) === 200, { what: "the new key counts" });
  expect(await statusWith(oldKey)).toBe(200);
  const both = JSON.parse(await readFile(file, "utf8")) as Entry[];
  await replaceFile(file, JSON.stringify(both.filter(({ id }) => id !== oldEntries[0]?.id)));
  await eventually(async () => (await statusWith(oldKey)) === 401, { what: "the old key ends" });
  expect([await statusWith(newKey), api.service.pid]).toEqual([200, pid]);
});
