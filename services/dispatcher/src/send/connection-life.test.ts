import { Buffer } from "node:buffer";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type Endpoint,
  OK,
  type OnConnection,
  startTcpEndpoint,
} from "../../../../test/harness/receiver/failing-endpoints.ts";
import { eventually } from "../../../../test/harness/eventually.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { createSender, type Sender } from "./send.ts";

failOnLeaks();

const LIFE_MS = 400;

let accepted = 0;
let endpoint: Endpoint;
let sender: Sender;

/** Answers each request, and never ends a connection itself. */
const STAYS: OnConnection = (socket) => {
  accepted += 1;
  socket.on("data", () => socket.write(OK));
};

beforeAll(async () => {
  endpoint = await startTcpEndpoint(STAYS);
});

afterAll(() => endpoint.stop());

beforeEach(() => {
  sender = createSender({
    maxConnectionsPerOrigin: 1,
    allowedPrivateCidrs: ["127.0.0.0/8"],
    connectionTtlMs: LIFE_MS,
  });
});

afterEach(() => sender.close());

const ask = async (): Promise<void> => {
  const { result, released } = await sender.send({
    workspaceId: "w1",
    timeoutMs: 5_000,
    method: "POST",
    url: endpoint.url("/"),
    headers: { "content-type": "application/json" },
    body: Buffer.from("{}"),
  });
  expect(result).toMatchObject({ kind: "response", status: 200 });
  await released;
};

test("a connection in steady use is used again, and replaced when its life is over", async () => {
  const startedMs = performance.now();
  await ask();
  await ask();
  expect(accepted).toBe(1);
  await eventually(
    async () => {
      await ask();
      expect(accepted).toBe(2);
    },
    { timeoutMs: 5_000, intervalMs: 20, what: "a second connection" },
  );
  expect(performance.now() - startedMs).toBeGreaterThan(LIFE_MS);
  await eventually(() => expect(endpoint.open).toBe(1), {
    what: "the first connection is closed",
  });
});
