import { ensureNatsServer } from "../../../scripts/nats-server.ts";
import { spawnTracked } from "../../harness/process/child-process.ts";
import { eventually } from "../../harness/eventually.ts";
import { collectOutput } from "../../harness/process/output-lines.ts";
import { makeTempDir } from "../../harness/temp-dir.ts";

export interface PlainNatsServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** A real nats-server with these arguments only: without JetStream unless they say so. */
export async function startPlainNatsServer(args: readonly string[]): Promise<PlainNatsServer> {
  const where = ["-a", "127.0.0.1", "-p", "-1", "-sd", await makeTempDir("plain-nats")];
  const server = await spawnTracked(await ensureNatsServer(), [...where, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr } = server.child;
  if (stdout === null || stderr === null) throw new Error("no pipes");
  const output = collectOutput(stdout, stderr);
  const port = await eventually(
    () => {
      const log = output.stderr();
      const listening = /client connections on \S+:(\d+)/.exec(log);
      return log.includes("Server is ready") ? (listening?.[1] ?? null) : null;
    },
    { what: "nats-server listens" },
  );
  return {
    url: `nats://127.0.0.1:${port}`,
    stop: async () => {
      await server.kill();
    },
  };
}
