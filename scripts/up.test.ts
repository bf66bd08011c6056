import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listen, upPorts } from "../test/harness/free-ports.ts";
import { eventually } from "./local/wait.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ringback-up-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

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
  const ports = await upPorts();
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
  const { child, errors, printed } = startUp({ ...(await upPorts()), NATS_PORT: String(port) });
  expect(await once(child, "exit")).toEqual([1, null]);
  expect(await errors).toContain(`up: port ${port} is in use: choose another with NATS_PORT`);
  expect(printed()).toBe("");
  server.close();
});
