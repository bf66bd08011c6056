import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { trackOpen } from "../process/open-resources.ts";

export interface CountingReceiver {
  readonly url: string;
  readonly count: number;
  stop(): Promise<void>;
}

/** Answers 200 to everything, or nothing to anything, and keeps nothing but the number: for loads. */
export async function startCountingReceiver({ hangs = false } = {}): Promise<CountingReceiver> {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    request.resume();
    if (!hangs) request.once("end", () => response.end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    closed();
  };
  const closed = trackOpen(`counting receiver on port ${port}`, stop);
  return {
    url: `http://127.0.0.1:${port}/`,
    get count() {
      return count;
    },
    stop,
  };
}
