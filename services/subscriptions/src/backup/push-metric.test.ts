import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { pushSuccess } from "./push-metric.ts";

/** Pushes to a server that answers with this status; what it got. */
const pushedTo = async (status: number) => {
  const got: { method: string; path: string; text: string }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      got.push({ method: request.method ?? "", path: request.url ?? "", text });
      response.writeHead(status).end("told so");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/metrics/job/backup`;
  const pushing = pushSuccess(url, new Date(1_700_000_000_900));
  const [ended] = await Promise.allSettled([pushing]);
  server.closeAllConnections();
  await once(server.close(), "close");
  return { got, ended, pushAgain: () => pushSuccess(url, new Date()) };
};

test("a Pushgateway gets the time in seconds, in Prometheus's text format", async () => {
  const { got, ended } = await pushedTo(202);
  expect(ended.status).toBe("fulfilled");
  const text =
    "# TYPE ringback_backup_last_success_timestamp_seconds gauge\n" +
    "ringback_backup_last_success_timestamp_seconds 1700000000\n";
  expect(got).toEqual([{ method: "POST", path: "/metrics/job/backup", text }]);
});

test("a Pushgateway that refuses, or is not there, fails the run by the setting's name", async () => {
  const { ended, pushAgain } = await pushedTo(400);
  expect(ended).toMatchObject({
    reason: { message: "BACKUP_PUSHGATEWAY_URL: 400 told so" },
  });
  await expect(pushAgain()).rejects.toThrow("BACKUP_PUSHGATEWAY_URL: ");
});
