import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headerKey } from "../harness/header-keys.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { replaceFile, writeTempFile } from "../harness/temp-dir.ts";
import {
  CONFIG_FILE,
  type SecuredNats,
  startSecuredNats,
} from "../security/nats-privileges/secured-nats.ts";
import {
  SERVICE_ROLES,
  type SecuredPlatform,
  startSecuredPlatform,
  urlOf,
} from "./secured-platform.ts";

failOnLeaks();

const DOCUMENT = resolve(import.meta.dirname, "../../docs/procedures.md");

let nats: SecuredNats;
let platform: SecuredPlatform;
let producer: NatsConnection;
let configFile: string;

beforeAll(async () => {
  configFile = await writeTempFile("nats-server.conf", await readFile(CONFIG_FILE, "utf8"));
  nats = await startSecuredNats(configFile);
  platform = await startSecuredPlatform(nats, { keys: [headerKey("k1")] });
  producer = await nats.connectAs("producer", { reconnect: true, maxReconnectAttempts: -1 });
});
afterAll(async () => {
  await producer.close();
  await platform.stop();
  await nats.stop();
});

const reconfigure = async (change: (text: string) => string): Promise<void> => {
  await replaceFile(configFile, change(await readFile(configFile, "utf8")));
  await nats.reload();
};

/** The users with which both services are connected now, by the server's own count of log-ins. */
const usersNow = async (): Promise<readonly string[]> => {
  const said = await Promise.all(platform.services.map((service) => service.get("/readyz")));
  expect(said.map(({ status }) => status)).toEqual([200, 200]);
  return [...nats.log().matchAll(/"user":"([\w-]+)"/g)].map(([, user = ""]) => user);
};

test("a service's user gets a successor beside it, the service logs in as that one without a restart, and the old one goes", async () => {
  await platform.delivered("before", producer);
  const logged = nats.log().length;
  const line =
    /^ *(\{ user: dispatcher-2, .*\})$/m.exec(await readFile(DOCUMENT, "utf8"))?.[1] ?? "";
  expect(line).toContain("permissions: $DISPATCHER_MAY");
  const passwords = SERVICE_ROLES.map((role) => ({
    role,
    password: randomBytes(32).toString("hex"),
  }));
  const added = passwords.map(({ role, password }) =>
    line
      .replace("dispatcher-2", `${role}-2`)
      .replace("$DISPATCHER_MAY", `$${role.toUpperCase()}_MAY`)
      .replace(/password: "[^"]*"/, `password: "${password}"`),
  );
  // The successors stand beside the others: nobody is disconnected.
  await reconfigure((text) =>
    text.replace(/(\{ user: subscriptions, .*\n)/, `$1${added.join("\n")}\n`),
  );
  await platform.delivered("both-users", producer);
  await Promise.all(
    passwords.map(({ role, password }) =>
      replaceFile(
        platform.urlFiles[role],
        urlOf(nats, role).replace(/\/\/[^@]+@/, `//${role}-2:${password}@`),
      ),
    ),
  );
  // The old users go: the server closes their connections, and the services take the file at the next log-in.
  const pids = platform.services.map(({ pid }) => pid);
  const seen = platform.services.map(({ logs }) => logs.length);
  await reconfigure((text) => text.replaceAll(/\{ user: (?:subscriptions|dispatcher), .*\n/g, ""));
  await Promise.all(
    platform.services.map((one, n) => one.waitForLog("nats.connected", { from: seen[n] ?? 0 })),
  );
  await platform.delivered("new-users", producer);
  expect(platform.services.map(({ pid }) => pid)).toEqual(pids);
  const users = await usersNow();
  expect(users.slice(-2).toSorted()).toEqual(["dispatcher-2", "subscriptions-2"]);
  await expect(nats.connectAs("dispatcher")).rejects.toThrow(/Authorization Violation/);
  expect(nats.log().slice(logged)).not.toMatch(/Publish Violation|Subscription Violation/);
  const calls = platform.receiver.requests.map(
    ({ body }) => (JSON.parse(body.toString()) as { call_id: string }).call_id,
  );
  expect(calls).toEqual(["before", "both-users", "new-users"]);
});
