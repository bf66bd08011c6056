import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headerKey, writeHeaderKeys } from "../../harness/header-keys.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../../harness/nats/nats-server.ts";
import { spawnService, startService } from "../../harness/process/service-process.ts";
import { writeTempFile } from "../../harness/temp-dir.ts";
import { writeKeys } from "../../harness/process/start-service.ts";

failOnLeaks();

let env: Record<string, string>;
let server: NatsServer;
beforeAll(async () => {
  server = await startNatsServer();
  const API_KEYS_FILE = (await writeKeys()).file;
  env = { NATS_URL: server.url, API_KEYS_FILE, ALLOW_PLAINTEXT_HEADERS: "" };
});
afterAll(() => server.stop());

const KEY = headerKey("k1");

describe.each(["subscriptions", "dispatcher"])("%s", (name) => {
  const entry = `services/${name}/src/main.ts`;
  const refusal = async (more: Record<string, string>): Promise<string> => {
    const service = await spawnService({ entry, env: { ...env, ...more } });
    const all = async () => ({ exit: await service.exited, all: service.output.all() });
    expect(await all()).toMatchObject({ exit: { code: 1, signal: null } });
    expect(service.output.all()).not.toContain(KEY.key.slice(0, 8));
    return String(service.logs.find(({ level }) => level === "fatal")?.["msg"]);
  };

  test("names the file, the entry and the problem, and never the key", async () => {
    const short = { id: "k2", key: KEY.key.slice(4) };
    const file = await writeHeaderKeys([KEY, short]);
    const said = await refusal({ HEADER_ENCRYPTION_KEYS_FILE: file });
    expect(said).toContain(`HEADER_ENCRYPTION_KEYS_FILE: ${file}: entry 1 ('k2'): key: must be`);
    const broken = await writeTempFile("keys.json", `[{"id": "k1", "key": "${KEY.key}"`);
    expect(await refusal({ HEADER_ENCRYPTION_KEYS_FILE: broken })).toContain("is not valid JSON");
    expect(await refusal({ HEADER_ENCRYPTION_KEYS_FILE: "/nowhere/keys" })).toContain(
      "HEADER_ENCRYPTION_KEYS_FILE: /nowhere/keys: cannot be read: ENOENT",
    );
  });

  test("refuses to start without keys, and says how to get them", async () => {
    const said = await refusal({});
    expect(said).toMatch(
      /^settings: HEADER_ENCRYPTION_KEYS_FILE: is required: .*`make header-key`/,
    );
    expect(await refusal({ ALLOW_PLAINTEXT_HEADERS: "false" })).toBe(said);
  });

  test("starts without keys where ALLOW_PLAINTEXT_HEADERS=true, and says so", async () => {
    const more = { ALLOW_PLAINTEXT_HEADERS: "true" };
    const service = await startService({ entry, env: { ...env, ...more } });
    await service.stop();
    const lines = service.logs.filter(({ msg }) => msg === "header_keys.plaintext");
    expect(lines).toMatchObject([{ level: "info", setting: "HEADER_ENCRYPTION_KEYS_FILE" }]);
  });
});
