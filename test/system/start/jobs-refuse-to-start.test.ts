import { expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { spawnService } from "../../harness/process/service-process.ts";

failOnLeaks();

/** What a person may start beside the services, and a setting of it that is wrong. */
test.concurrent.each([
  ["backup/main.ts", { BACKUP_KEEP: "0" }],
  ["backup/restore-main.ts", { RESTORE_REPLACE: "maybe" }],
  ["reencrypt/main.ts", { LOG_LEVEL: "loud" }],
])("%s says all that is wrong with its settings, and does nothing", async (entry, wrong) => {
  const keyFile = { NATS_TLS_KEY_FILE: "/nowhere/key.pem", NATS_CREDS_FILES: "/nowhere/creds" };
  const run = await spawnService({
    entry: `services/subscriptions/src/${entry}`,
    env: { NATS_URL: "nats://127.0.0.1:1", ...wrong, ...keyFile },
  });
  expect((await run.exited).code).toBe(1);
  const [fatal] = run.logs.filter(({ level }) => level === "fatal");
  expect(fatal?.["version"]).toMatch(/^\d+\.\d+\.\d+/);
  for (const said of [
    `${Object.keys(wrong)[0]}: `,
    "NATS_TLS_KEY_FILE: '/nowhere/key.pem' cannot be read (ENOENT)",
    "NATS_TLS_CERT_FILE: is required, as NATS_TLS_KEY_FILE is set",
    "NATS_CREDS_FILES: is not a setting, and nothing reads it: NATS_CREDS_FILE is one",
  ]) {
    expect(fatal?.["msg"]).toContain(said);
  }
});
