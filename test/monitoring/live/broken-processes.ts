import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { residentBytes } from "../../harness/process/resident-memory.ts";
import { startServices } from "../../harness/process/platform.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { hostOf, type Installation, type Scene, sceneOf, startInstallation } from "./scene.ts";

const CLOCK_AHEAD = {
  NODE_OPTIONS: `--import=${join(import.meta.dirname, "../../system/chaos/shifted-clock.ts")}`,
  CLOCK_OFF_MS: "9000",
};

/** A dispatcher that is killed and started again for as long as it lasts. */
export const killed = async (): Promise<Scene> => {
  const at = await startInstallation();
  const [port = 0] = at.ports;
  let stop: (() => Promise<void>) | undefined;
  return sceneOf("killed", at, {
    fail: async () => {
      stop = at.keep(12_000, async () => {
        await at.dispatchers.at(-1)?.kill();
        await at.dispatcherAt(port);
      });
    },
    mend: async () => stop?.(),
  });
};

/** One dispatcher for each fault of a process, and two APIs. */
export const processes = async (): Promise<Scene> => {
  const at = await startInstallation({ dispatchersAt: 4 });
  const [slow] = at.dispatchers as [ServiceProcess];
  const [, , , , absentPort = 0, hiddenPort = 0] = at.ports;
  const second = await startServices(at.server, { dispatchers: 0 });
  at.targets.push({ component: "subscriptions", host: hostOf(second.subscriptions) });
  const mends: (() => unknown)[] = [];
  const restart = async (nth: number, env: Readonly<Record<string, string>>): Promise<void> => {
    await at.dispatchers[nth]?.kill();
    at.dispatchers[nth] = await at.startDispatcher({ ADMIN_PORT: String(at.ports[nth]), ...env });
  };
  return sceneOf("processes", at, {
    fail: async () => {
      const broken = async (nth: number, env: Readonly<Record<string, string>>): Promise<void> => {
        mends.push(() => restart(nth, {}));
        await restart(nth, env);
      };
      at.targets.push({ component: "dispatcher", host: `127.0.0.1:${absentPort}` });
      mends.push(() => at.targets.splice(-1, 1));
      await broken(3, CLOCK_AHEAD);
      await broken(1, withFewDescriptors(slow));
      await broken(2, WITH_BALLAST);
      const [, , crowded] = at.dispatchers as [ServiceProcess, ServiceProcess, ServiceProcess];
      mends.unshift(withoutMemory(crowded, await residentBytes(crowded.pid)));
      const hidden = await at.dispatcherAt(hiddenPort);
      mends.unshift(() => hidden.stop(), conflicting(at, second), standingStill(at, slow));
    },
    mend: async () => {
      for (const mend of mends) await mend();
    },
  });
};

const standingStill = (at: Installation, service: ServiceProcess): (() => Promise<void>) => {
  const stop = at.keep(100, async () => {
    service.signal("SIGSTOP");
    await pause(400);
    service.signal("SIGCONT");
  });
  return stop;
};

/** It gets a limit just above what another one has open, before it looks at its limit. */
const FEW_DESCRIPTORS = `data:text/javascript,${encodeURIComponent(
  'import{execFileSync}from"node:child_process";const n=process.env.DESCRIPTORS;' +
    'execFileSync("prlimit",["--pid",String(process.pid),`--nofile=${n}:${n}`]);',
)}`;

const withFewDescriptors = (like: ServiceProcess): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=${FEW_DESCRIPTORS}`,
  DESCRIPTORS: String(Math.round(readdirSync(`/proc/${like.pid}/fd`).length * 1.15)),
});

/** Memory that stays as it is: what a dispatcher itself uses goes up and down by more than what is left. */
const WITH_BALLAST = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent("globalThis.ballast=Buffer.alloc(2**30,1)")}`,
};

/** A control group of its own with a limit just above what the process uses; as root, with version 1 of them. */
const withoutMemory = (service: ServiceProcess, usedBytes: number): (() => void) => {
  const mounted = "/sys/fs/cgroup/memory";
  const own = /^\d+:memory:(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
  if (own === undefined)
    throw new Error("no control group of version 1 for memory: run it where there is one");
  const group = `${mounted}/ringback-${service.pid}`;
  mkdirSync(group);
  writeFileSync(`${group}/memory.limit_in_bytes`, String(Math.round(usedBytes * 1.03)));
  writeFileSync(`${group}/cgroup.procs`, String(service.pid));
  return () => {
    writeFileSync(`${mounted}${own}/cgroup.procs`, String(service.pid));
    rmdirSync(group);
  };
};

const conflicting = (
  at: Installation,
  second: Awaited<ReturnType<typeof startServices>>,
): (() => Promise<void>) =>
  at.keep(200, async (n) => {
    const change = {
      operation: "edit_event_subscriptions",
      agent_id: "contested",
      event_subscriptions: [
        { event_type: "call_completed", callback_url: `http://127.0.0.1:9/${n}` },
      ],
    };
    const calls = [at, second, at, second].map((one) => one.api("PATCH", "/agent/v1", change));
    await Promise.all(calls);
  });
