import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unwritableFile } from "../../services/subscriptions/src/projection/file/index-file.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { spawnService, startService } from "../harness/process/service-process.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { ENTRY, writeKeys } from "../harness/process/start-service.ts";

failOnLeaks();

let server: NatsServer;

beforeAll(async () => {
  server = await startNatsServer();
});

afterAll(async () => {
  await server.stop();
});

test("an index that cannot be written ends the service with one error that names the setting", async () => {
  const folder = await makeTempDir("projection");
  await mkdir(join(folder, "projection.sqlite-wal")); // where SQLite has to write
  const env = {
    NATS_URL: server.url,
    API_KEYS_FILE: (await writeKeys()).file,
    PROJECTION_DIR: folder,
  };
  const service = await spawnService({ entry: ENTRY, env });
  expect(await service.exited).toEqual({ code: 1, signal: null });
  const fatal = service.logs.filter(({ level }) => level === "fatal").map(({ msg }) => msg);
  expect(fatal).toHaveLength(1);
  expect(fatal[0]).toMatch(/^PROJECTION_DIR: .*projection\.sqlite cannot be written: /);
}, 60_000);

test("an index that is smaller than full streams is told at the start, and no hindrance", async () => {
  const service = await startService({
    entry: ENTRY,
    env: {
      NATS_URL: server.url,
      API_KEYS_FILE: (await writeKeys()).file,
      EVENTS_MAX_BYTES: "11MiB",
      ATTEMPTS_MAX_BYTES: "13MiB",
      PROJECTION_MAX_BYTES: "3MiB",
    },
  });
  const told = service.logs.filter(({ msg }) => msg === "projection.small");
  expect(told).toMatchObject([{ level: "warn", maxBytes: 3 * 1024 ** 2 }]);
  expect(told[0]?.["neededBytes"]).toBeGreaterThan(3.5 * 1024 ** 2);
  await service.stop();
});

test("what SQLite says of a place without room, or that is read-only, is told from other errors", async () => {
  const path = join(await makeTempDir("sqlite"), "db");
  const db = new DatabaseSync(path);
  db.exec("CREATE TABLE t (x); PRAGMA max_page_count = 2");
  const full = errorOf(() => db.exec("INSERT INTO t VALUES (zeroblob(100000))"));
  expect(unwritableFile(path, full)?.message).toContain("PROJECTION_DIR");
  const syntax = errorOf(() => db.exec("INSERT nonsense"));
  expect(unwritableFile(path, syntax)).toBeUndefined();
  db.close();
  const readOnly = new DatabaseSync(path, { readOnly: true });
  const refused = errorOf(() => readOnly.exec("INSERT INTO t VALUES (1)"));
  expect(unwritableFile(path, refused)?.message).toContain("cannot be written");
  readOnly.close();
});

const errorOf = (work: () => void): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};
