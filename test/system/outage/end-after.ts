import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { ServiceProcess } from "../../harness/process/service-process.ts";

export const STOPPED = "stopped in time";

/** How it ended, and whether it did in time; everything that it said where it did not end well. */
export async function endAfter(
  dispatcher: ServiceProcess,
  signal: NodeJS.Signals,
  withinMs: number,
) {
  const fromMs = performance.now();
  dispatcher.signal(signal);
  const { code } = await dispatcher.exited;
  const inTime = performance.now() - fromMs < withinMs;
  const saidSo = dispatcher.logs.some(({ msg }) => msg === "stopped");
  return code === 0 && inTime && saidSo ? STOPPED : { code, inTime, all: dispatcher.output.all() };
}

export async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
