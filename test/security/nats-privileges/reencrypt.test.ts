import { afterAll, beforeAll, expect, test } from "vitest";
import { writeApiKeysFile } from "../../harness/api-keys.ts";
import { eventually } from "../../harness/eventually.ts";
import { headerKey, writeHeaderKeys } from "../../harness/header-keys.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import {
  type ServiceProcess,
  spawnService,
  startService,
} from "../../harness/process/service-process.ts";
import { type SecuredNats, startSecuredNats } from "./secured-nats.ts";

failOnLeaks();

const [OLD, NEW] = [headerKey("old"), headerKey("new")];

let nats: SecuredNats;
let services: ServiceProcess[];
let file: string;
let key = "";
beforeAll(async () => {
  nats = await startSecuredNats();
  file = await writeHeaderKeys([OLD]);
  const keys = await writeApiKeysFile([{ workspaceId: "w1", scopes: ["admin"] }]);
  key = keys.keys[0] ?? "";
  const settings = { HEADER_ENCRYPTION_KEYS_FILE: file, API_KEYS_FILE: keys.file };
  const start = (role: "dispatcher" | "subscriptions") =>
    startService({
      entry: `services/${role}/src/main.ts`,
      env: { ...nats.env(role), ...settings, AGENT_REGISTRATION: "automatic" },
    });
  services = await Promise.all([start("subscriptions"), start("dispatcher")]);
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await nats.stop();
});

test("header values are encrypted anew by the subscriptions service's user, and it needs no further permission", async () => {
  const url = services[0]?.httpUrl("/ca/api/v0/agent/v1") ?? "";
  const subscription = {
    event_type: "call_completed",
    callback_url: "https://hooks.example.com/calls",
    headers: { Authorization: "Bearer s3cret" },
  };
  const patch = async (): Promise<boolean> => {
    const { status } = await fetch(url, {
      method: "PATCH",
      headers: { "x-api-key": key, "content-type": "application/json" },
      body: JSON.stringify({
        operation: "edit_event_subscriptions",
        agent_id: "a1",
        event_subscriptions: [subscription],
      }),
    });
    return status === 200;
  };
  // A machine with too much to do answers 503 for a moment.
  await eventually(patch);
  await writeHeaderKeys([NEW, OLD], file);
  const violationsBefore = nats.log().split("Violation").length;
  const run = await spawnService({
    entry: "services/subscriptions/src/reencrypt/main.ts",
    env: { ...nats.env("subscriptions"), HEADER_ENCRYPTION_KEYS_FILE: file },
  });
  const exit = await run.exited;
  const said = run.logs.filter(({ msg }) => String(msg).startsWith("reencrypt."));
  expect({ exit, said, all: run.output.all() }).toMatchObject({
    exit: { code: 0 },
    said: [{ msg: "reencrypt.done", rewritten: 1, unreadable: 0, contended: 0 }],
  });
  expect(nats.log().split("Violation")).toHaveLength(violationsBefore);
});
