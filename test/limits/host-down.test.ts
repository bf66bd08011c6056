import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";

failOnLeaks();

const PATHS = 40;
/** How long a connection to the host is open before it is reset. */
const OPEN_MS = 150;

let platform: Platform;
let host: Server;
let isDown = true;
const seen = { open: 0, mostOpen: 0, connections: 0 };
const answered = new Set<string>();

beforeAll(async () => {
  host = createServer((request, response) => {
    if (isDown) return;
    answered.add(String(request.url));
    request.resume();
    response.end();
  });
  host.on("connection", (socket) => {
    if (!isDown) return;
    seen.open += 1;
    seen.connections += 1;
    seen.mostOpen = Math.max(seen.mostOpen, seen.open);
    setTimeout(() => {
      seen.open -= 1;
      socket.resetAndDestroy();
    }, OPEN_MS);
  });
  host.listen(0, "127.0.0.1");
  await once(host, "listening");
  const delays = Array.from({ length: 8 }, () => "1s").join(",");
  platform = await startPlatform({ dispatcherEnv: { RETRY_DELAYS: delays } });
  const { port } = host.address() as AddressInfo;
  for (let n = 0; n < PATHS; n += 1) {
    const callback_url = `http://127.0.0.1:${port}/${n}`;
    await platform.subscribe([{ event_type: "call_completed", callback_url }], {
      agentId: `a${n}`,
    });
  }
});

afterAll(async () => {
  await platform.stop();
  host.closeAllConnections();
  host.close();
});

test("a host that resets every connection is asked by one of its paths at a time, and all go on when it is back", async () => {
  await Promise.all(
    Array.from({ length: PATHS }, (_, n) => platform.publish({ agentId: `a${n}`, callId: "c" })),
  );
  await eventually(() => seen.connections >= PATHS && seen.open <= 1, {
    what: "every path was tried once, or waits for the one that tries",
  });
  seen.mostOpen = 0;
  const before = seen.connections;
  await eventually(() => seen.connections >= before + 8, { what: "the host is still asked" });
  expect(seen.mostOpen).toBe(1);
  isDown = false;
  await eventually(() => answered.size === PATHS, { what: "every path has its event" });
  expect(await platform.deadLetters()).toEqual([]);
}, 90_000);
