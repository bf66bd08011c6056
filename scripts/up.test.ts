import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "./local/wait.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ringback-up-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const listen = async (port: number) => {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
};

/**
 * Five ports in a row that are free (`ADMIN_PORT` takes the next one too). From below the range that
 * systems give to those who ask for any port, so that tests beside this one cannot take them meanwhile.
 */
const freePorts = async (): Promise<Record<string, string>> => {
  for (let tries = 0; tries < 20; tries++) {
    const first = randomInt(20_000, 32_000);
    const [nats, http, admin, next, receiver] = [0, 1, 2, 3, 4].map((n) => first + n);
    const listening = await Promise.allSettled(
      [nats!, http!, admin!, next!, receiver!].map(listen),
    );
    const found = listening.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    await Promise.all(found.map(({ server }) => once(server.close(), "close")));
    if (found.length < listening.length) continue;
    const ports = { NATS_PORT: nats, HTTP_PORT: http, ADMIN_PORT: admin, RECEIVER_PORT: receiver };
    return Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]));
  }
  throw new Error("no five ports in a row are free between 20000 and 32004");
};

const startUp = (ports: NodeJS.ProcessEnv) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "up.ts")], {
    env: { ...process.env, ...ports, RUN_DIR: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  return { child, errors: text(child.stderr), printed: () => printed };
};

test("make up runs until it is interrupted, keeps its API key, obeys the shell's settings and exits with 0", async () => {
  const ports = await freePorts();
  const api = `http://127.0.0.1:${ports["HTTP_PORT"]}/ca/api/v0`;
  const keys: string[] = [];
  for (const allowed of [{}, { ALLOW_INSECURE_HTTP: "false" }]) {
    // What the shell sets rules over what make up sets by default.
    const { child, errors, printed } = startUp({ ...ports, ...allowed });
    const exit = once(child, "exit");
    await eventually(() => (printed().includes("Running until Ctrl-C") ? true : undefined), {
      what: "make up to run",
      timeoutMs: 60_000,
    });
    const key = (await readFile(join(directory, "api-key"), "utf8")).trim();
    expect(printed()).toContain(`API key of workspace acme: ${key}`);
    keys.push(key);
    const headers = { "x-api-key": key, "content-type": "application/json" };
    const body = JSON.stringify({
      operation: "edit_event_subscriptions",
      agent_id: "agent-7",
      event_subscriptions: [{ event_type: "call_completed", callback_url: "http://127.0.0.1/" }],
    });
    const response = await fetch(`${api}/agent/v1`, { method: "PATCH", headers, body });
    expect(response.status).toBe("ALLOW_INSECURE_HTTP" in allowed ? 422 : 200);
    expect(await readFile(join(directory, "up.env"), "utf8")).toContain(`\nexport KEY='${key}'\n`);
    child.kill("SIGINT");
    expect(await exit).toEqual([0, null]);
    expect(await errors).toBe("");
  }
  expect(keys[0]).toBe(keys[1]);
}, 150_000);

test("a port that is taken ends make up with a message that names it and how to choose another", async () => {
  const { server, port } = await listen(0);
  const { child, errors, printed } = startUp({ ...(await freePorts()), NATS_PORT: String(port) });
  expect(await once(child, "exit")).toEqual([1, null]);
  expect(await errors).toContain(`up: port ${port} is in use: choose another with NATS_PORT`);
  expect(printed()).toBe("");
  server.close();
});
