import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { plannedStatus } from "../demo/plan.ts";
import { startReceiver, statusInPath, type ReceivedRequest } from "./receiver.ts";

test("the receiver answers each path by its own script and keeps what it got", async () => {
  const requests: ReceivedRequest[] = [];
  await using receiver = await startReceiver({
    port: 0,
    statusFor: plannedStatus,
    onRequest: (request) => void requests.push(request),
  });
  const send = async (path: string) =>
    (await fetch(`${receiver.url}${path}`, { method: "PUT", body: '{"n":1.0}' })).status;
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) statuses.push(await send("/archive/recordings"));
  expect(statuses).toEqual([500, 503, 200, 200]);
  expect(await send("/crm/calls")).toBe(200);
  expect(await send("/nowhere")).toBe(404);
  expect(requests).toHaveLength(6);
  expect(requests[0]).toMatchObject({ path: "/archive/recordings", method: "PUT", status: 500 });
  expect(requests[0]?.body.toString()).toBe('{"n":1.0}');
});

test("a sender that goes away in the middle of its request does no harm", async () => {
  await using receiver = await startReceiver({ port: 0, statusFor: () => 200 });
  const socket = connect(Number(new URL(receiver.url).port), "127.0.0.1");
  socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf", () =>
    socket.destroy(),
  );
  await once(socket, "close");
  expect((await fetch(receiver.url, { method: "POST", body: "{}" })).status).toBe(200);
});

test.each([
  ["/webhooks", 200],
  ["/webhooks/503", 503],
  ["/204?x=1", 204],
  ["/orders/1503", 200],
  ["/503/orders", 200],
])("%s is answered with %i", (path, status) => {
  expect(statusInPath(path)).toBe(status);
});
