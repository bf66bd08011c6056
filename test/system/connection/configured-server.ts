import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureNatsServer } from "../../../scripts/nats-server.ts";
import { spawnTracked, type TrackedChild } from "../../harness/process/child-process.ts";
import { eventually } from "../../harness/eventually.ts";
import { makeTempDir } from "../../harness/temp-dir.ts";

export interface ConfiguredServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What the server has logged so far. */
  readonly log: () => string;
  /** Takes another configuration in use, as an operator does it: SIGHUP. */
  readonly reload: (config: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A real nats-server with exactly this configuration, and with JetStream on a store of its own. */
export async function startConfiguredServer(
  config: string,
  options: { readonly port?: number; readonly storeDir?: string } = {},
): Promise<ConfiguredServer> {
  const storeDir = options.storeDir ?? (await makeTempDir("nats-store"));
  const configFile = join(await makeTempDir("nats-config"), "nats-server.conf");
  await writeFile(configFile, config);
  const args = ["-c", configFile, "-a", "127.0.0.1", "-p", String(options.port ?? -1)];
  const child: TrackedChild = await spawnTracked(
    await ensureNatsServer(),
    [...args, "-js", "-sd", storeDir],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const port = await eventually(
    () => Number(/client connections on \S+:(\d+)[\s\S]*Server is ready/.exec(log)?.[1] ?? 0),
    {
      what: `nats-server listens:\n${log}`,
      giveUpWhen: () => (child.exit() === null ? null : log),
    },
  );
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    pid: child.child.pid ?? -1,
    log: () => log,
    reload: async (text) => {
      const from = log.length;
      await writeFile(configFile, text);
      child.child.kill("SIGHUP");
      await eventually(() => log.slice(from).includes("Reloaded server configuration"), {
        what: "nats-server reloads its configuration",
      });
    },
    stop: async () => {
      child.child.kill("SIGCONT");
      await child.kill();
    },
  };
}
