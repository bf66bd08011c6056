import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { spawnTracked } from "../harness/process/child-process.ts";

/** An address that takes no connection and refuses none, as one behind a broken route does. */
export interface DeadAddress {
  stop(): Promise<void>;
}

const SCRIPT = `
const server = require("node:net").createServer();
server.listen({ host: process.argv[1], port: Number(process.argv[2]), backlog: 1 }, () => {
  require("node:fs").writeSync(1, "listening");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // accepts nobody
});
`;

/** Listens in a process that accepts nobody, behind a line that is full: the system drops who comes. */
export async function startDeadAddress(host: string, port: number): Promise<DeadAddress> {
  const args = ["-e", SCRIPT, host, String(port)];
  const tracked = await spawnTracked(process.execPath, args, {
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (tracked.child.stdout === null) throw new Error("no pipe");
  await once(tracked.child.stdout, "data");
  const line: Socket[] = [];
  for (let isTaken = true; isTaken;) {
    const socket = connect(port, host).on("error", () => {});
    line.push(socket);
    isTaken = await Promise.race([
      once(socket, "connect").then(() => true),
      new Promise<boolean>((resolve) => setTimeout(resolve, 300, false)),
    ]);
  }
  return {
    async stop() {
      for (const socket of line) socket.destroy();
      await tracked.kill("SIGKILL");
    },
  };
}
