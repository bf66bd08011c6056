import { createServer } from "node:net";
import { UP_PORTS } from "./by-hand.ts";
import type { StackOptions } from "./stack.ts";

export type UpPorts = StackOptions["ports"] & { readonly receiver: number };

// Which variable chooses which port, for messages.
const VARIABLES: Readonly<Record<keyof UpPorts, string>> = {
  nats: "NATS_PORT",
  http: "HTTP_PORT",
  subscriptionsAdmin: "ADMIN_PORT",
  dispatcherAdmin: "ADMIN_PORT (the dispatcher's is the one after it)",
  receiver: "RECEIVER_PORT",
};

/** The ports of `make up`. The dispatcher's admin port is the one after `ADMIN_PORT`. */
export const portsOf = (env: NodeJS.ProcessEnv): UpPorts => {
  const admin = portOf(env, "ADMIN_PORT", UP_PORTS.admin);
  return {
    nats: portOf(env, "NATS_PORT", UP_PORTS.nats),
    http: portOf(env, "HTTP_PORT", UP_PORTS.http),
    subscriptionsAdmin: admin,
    dispatcherAdmin: admin + 1,
    receiver: portOf(env, "RECEIVER_PORT", UP_PORTS.receiver),
  };
};

const portOf = (env: NodeJS.ProcessEnv, name: string, otherwise: number): number => {
  const text = env[name] ?? "";
  if (text === "") return otherwise;
  // 65534: ADMIN_PORT needs the port after it too.
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_534) return Number(text);
  throw new Error(`${name}: '${text}' is not a port from 1 to 65534`);
};

/** Throws an error that names every port that is taken, and how to choose another. */
export const requireFreePorts = async (ports: UpPorts): Promise<void> => {
  const found = await Promise.all(
    (Object.keys(VARIABLES) as Array<keyof UpPorts>).map((name) => problemOf(name, ports[name])),
  );
  const problems = found.filter((problem) => problem !== undefined);
  if (problems.length === 0) return;
  throw new Error(`${problems.join("\n  ")}\n  Is another 'make up' running?`);
};

const problemOf = async (name: keyof UpPorts, port: number): Promise<string | undefined> => {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  server.once("error", (error: NodeJS.ErrnoException) => {
    const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be used (${error.code})`;
    resolve(`port ${port} ${why}: choose another with ${VARIABLES[name]}`);
  });
  server.listen(port, "127.0.0.1", () => server.close(() => resolve(undefined)));
  return promise;
};
