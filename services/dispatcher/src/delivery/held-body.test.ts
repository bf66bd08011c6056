import { Buffer } from "node:buffer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startReceiver, type Receiver } from "../../../../test/harness/receiver/receiver.ts";
import { bodyToSend, heldBody } from "./held-body.ts";
import { createSender, type Sender } from "../send/send.ts";

failOnLeaks();

const LARGE = Buffer.alloc(900_000, "large ");

let receiver: Receiver;
let sender: Sender;
beforeAll(async () => {
  receiver = await startReceiver({ kind: "hang" });
  sender = createSender({ maxConnectionsPerOrigin: 4, allowedPrivateCidrs: ["127.0.0.0/8"] });
});
afterAll(async () => {
  await sender.close();
  await receiver.stop();
});

const send = (body: ReturnType<typeof bodyToSend>) => {
  const headers = { "content-type": "application/json" };
  const rest = { workspaceId: "w1", method: "POST", headers, timeoutMs: 2_000 } as const;
  return sender.send({ ...rest, url: receiver.url("/"), body });
};

test("a large body is let go once it is sent, before there is an answer, and is sent as it is", async () => {
  const told: string[] = [];
  const body = heldBody(
    LARGE,
    async () => LARGE,
    () => told.push("let go"),
  );
  const sending = send(bodyToSend(body, LARGE, () => told.push("sent")));
  const [request] = await receiver.received(1);
  expect(told).toEqual(["let go", "sent"]);
  expect(request?.closedAtMs).toBeNull();
  expect(request?.headers["content-length"]).toBe(String(LARGE.byteLength));
  expect(request?.headers["transfer-encoding"]).toBeUndefined();
  expect(request?.body.equals(LARGE)).toBe(true);
  expect((await sending).result.kind).toBe("no_response");
});

test("a body that was let go is read again when it is sent again", async () => {
  const before = receiver.requests.length;
  let reads = 0;
  const body = heldBody(LARGE, async () => {
    reads += 1;
    return LARGE;
  });
  const toSend = bodyToSend(body, LARGE, () => undefined);
  await Promise.all([send(toSend), receiver.received(before + 1)]);
  await Promise.all([send(toSend), receiver.received(before + 2)]);
  expect(reads).toBe(1);
  expect(receiver.requests.at(-1)?.body.equals(LARGE)).toBe(true);
});

test("a small body is kept, and sent in one piece with its headers", () => {
  const small = Buffer.from("{}");
  expect(
    bodyToSend(
      heldBody(small, async () => small),
      small,
      () => undefined,
    ),
  ).toBe(small);
});
