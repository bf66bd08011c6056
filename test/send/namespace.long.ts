import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ensureNatsServer } from "../../scripts/nats-server.ts";
import { spawnTracked } from "../harness/process/child-process.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { collectOutput } from "../harness/process/output-lines.ts";
import type { NamespaceReport } from "./inside-namespace.ts";

failOnLeaks();

const UNSHARE = ["--net", "--mount", "--map-root-user"];
const SET_UP = "ip link set lo up && ip route add local 0.0.0.0/0 dev lo && mount -t tmpfs x /mnt";

/** Why this system gives no namespaces; undefined where it does. */
const whyNot = async (): Promise<string | undefined> => {
  try {
    await promisify(execFile)("unshare", [...UNSHARE, "sh", "-c", SET_UP]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const BLOCKED_TWICE = ["1: blocked_address, retry", "2: blocked_address, dead_letter"];

const runInside = async (): Promise<NamespaceReport> => {
  const entry = resolve(import.meta.dirname, "inside-namespace.ts");
  const args = [...UNSHARE, process.execPath, entry];
  const env = { ...process.env, NATS_SERVER: await ensureNatsServer() };
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const { child, exited } = await spawnTracked("unshare", args, { env, stdio: [...stdio] });
  if (child.stdout === null || child.stderr === null) throw new Error("no pipes");
  const output = collectOutput(child.stdout, child.stderr);
  const { code } = await exited;
  if (code !== 0) throw new Error(`inside-namespace.ts ended with ${code}:\n${output.all()}`);
  const lines = output.all().split("\n");
  const last = lines.findLast((line) => line.includes('{"provedTraps"')) ?? "";
  return JSON.parse(last.slice(last.indexOf("{"))) as NamespaceReport;
};

const noTrapSawAnything = (report: NamespaceReport): void => {
  const { provedTraps, trapped, publicConnections, stories, verdicts } = report;
  // Without the guard each trap is reached: so it would be.
  expect(provedTraps.length).toBeGreaterThanOrEqual(8);
  expect(provedTraps).toContain("169.254.169.254 4222");
  expect(provedTraps).toContain("fd00:ec2::254 4222");
  expect(provedTraps).toContain("10.0.0.1 4222");
  expect(publicConnections).toBeGreaterThan(10);
  expect(trapped).toEqual([]);
  expect(Object.keys(stories).length).toBeGreaterThan(200);
  expect(stories["https://mix.test/hook"]).toEqual(BLOCKED_TWICE);
  expect(stories["https://inside-0.test/hook"]).toEqual(BLOCKED_TWICE);
  expect(stories["https://169.254.169.254/hook"]).toEqual(BLOCKED_TWICE);
  const target = encodeURIComponent("http://169.254.169.254/hook");
  expect(stories[`https://redirect.test/?to=${target}`]).toEqual([
    "1: status 307, retry",
    "2: status 307, dead_letter",
  ]);
  expect(verdicts["http://169.254.169.254/hook"]).toBe("ERR_IP_BLOCKED");
  expect(verdicts["http://mix6.test/hook"]).toBe("ERR_IP_BLOCKED");
};

const LOUD = "!!! NOT SHOWN HERE: no traps were laid, as this system gives no network namespaces";

test("where there are namespaces, no trap on any internal address sees a connection", async () => {
  const missing = await whyNot();
  if (missing === undefined) noTrapSawAnything(await runInside());
  else console.warn(`\n${LOUD}: ${missing}\n`);
  // Never silent: where nothing was shown, that has to be for want of the system's own means.
  expect(missing ?? "shown").toMatch(/^shown$|unshare|ip:|mount/);
}, 180_000);
