import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "../../../scripts/command.ts";
import { IMAGE_TARGETS } from "../../../scripts/images/build.ts";
import { writeApiKeysFile } from "../../harness/api-keys.ts";
import { eventually } from "../../harness/eventually.ts";
import { freePorts } from "../../harness/free-ports.ts";
import { headerKey, writeHeaderKeys } from "../../harness/header-keys.ts";
import { type NatsServer, startNatsServer } from "../../harness/nats/nats-server.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type ServiceProcess, startService } from "../../harness/process/service-process.ts";
import { composeFile } from "./compose-file.ts";

failOnLeaks();

/** What somebody sets who lets people sign in; nothing asks the provider before they do. */
const SHELL = {
  OIDC_ISSUER: "https://login.example.com",
  OIDC_CLIENT_ID: "ringback",
  OIDC_CLIENT_SECRET: "a-secret-of-the-client",
  OIDC_ROLES: "ops=*:admin;support=acme:read,payloads",
  RUNBOOK_BASE_URL: "https://wiki.example.com/runbooks",
  PORTAL_FRAME_ANCESTORS: "https://app.example.com",
};

const { services } = composeFile(SHELL);
type Target = (typeof IMAGE_TARGETS)[number];

let server: NatsServer;
const running = {} as Record<Target, ServiceProcess>;
let adminPorts: Readonly<Record<Target, number>>;

beforeAll(async () => {
  server = await startNatsServer();
  const [one = 0, other = 0] = await freePorts(2);
  adminPorts = { subscriptions: one, dispatcher: other };
  const keys = await writeApiKeysFile([{ workspaceId: "acme", scopes: ["admin"] }]);
  const ofThisMachine = {
    NATS_URL: server.url,
    HEADER_ENCRYPTION_KEYS_FILE: await writeHeaderKeys([headerKey("one")]),
    HTTP_PORT: "0",
  };
  await Promise.all(
    IMAGE_TARGETS.map(async (target) => {
      running[target] = await startService({
        entry: `services/${target}/src/main.ts`,
        env: {
          ...services[target]?.environment,
          ...ofThisMachine,
          ...(target === "subscriptions" ? { API_KEYS_FILE: keys.file } : {}),
          ADMIN_PORT: String(adminPorts[target]),
        },
      });
    }),
  );
});

afterAll(async () => {
  await Promise.all(IMAGE_TARGETS.map((target) => running[target]?.stop()));
  await server.stop();
});

/** What the health check's command exits with; in an image Node.js lies elsewhere, and ports are its own. */
async function healthOf(target: Target): Promise<number> {
  const [kind, node, ...args] = services[target]?.healthcheck?.test ?? [];
  expect([kind, node]).toEqual(["CMD", "/nodejs/bin/node"]);
  const port = target === "subscriptions" ? "9081" : "9082";
  const here = args.map((arg) => arg.replace(`:${port}/`, `:${adminPorts[target]}/`));
  expect(here).not.toEqual(args);
  const ended = await runCommand(process.execPath, here, { timeoutMs: 10_000 });
  if (ended.kind === "not_run") throw new Error(ended.reason);
  return ended.code;
}

/** What a browser gets that reaches the service by this host. */
async function got(host: string, path: string): Promise<string> {
  const url = running.subscriptions.httpUrl(path);
  const said = await runCommand("curl", ["-sSi", "-H", `Host: ${host}`, url], {
    timeoutMs: 10_000,
  });
  return said.kind === "exited" ? said.stdout : said.reason;
}

test("people find the console, a sign-in of their organisation and the portal", async () => {
  // A service that has just started may have too much to do for the first requests.
  await eventually(async () => {
    expect(await got("localhost:8080", "/console/")).toMatch(
      /^HTTP\/1.1 200 .*name="runbooks" content="https:\/\/wiki\.example\.com\/runbooks"/s,
    );
    expect(await got("localhost:8080", "/console/sign-in-options")).toMatch(/"oidc":true/);
    expect(await got("portal.localhost:8080", "/")).toMatch(
      /^HTTP\/1.1 200 .*frame-ancestors https:\/\/app\.example\.com/s,
    );
  });
});

test("a service is healthy while it is ready, and not once NATS or the service is away", async () => {
  await eventually(async () => {
    expect(await Promise.all(IMAGE_TARGETS.map(healthOf))).toEqual([0, 0]);
  });
  await server.stop();
  await eventually(async () => {
    expect(await Promise.all(IMAGE_TARGETS.map(healthOf))).toEqual([1, 1]);
  });
  await running.dispatcher.kill();
  expect(await healthOf("dispatcher")).toBe(1);
});
