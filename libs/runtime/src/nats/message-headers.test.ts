import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import type { JsMsg } from "@nats-io/jetstream";
import { headerIn, rawHeaders, releaseContent } from "./message-headers.ts";

test.each([
  ["NATS/1.0\r\nRingback-Trigger: test\r\nNats-Msg-Size: 12\r\n\r\n", "Nats-Msg-Size", "12"],
  ["NATS/1.0\r\nRingback-Trigger:test\r\nNats-Msg-Size: 12\r\n\r\n", "Ringback-Trigger", "test"],
  // A producer's own comes before the server's.
  ["NATS/1.0\r\nNats-Msg-Size: 1\r\nNats-Msg-Size: 12\r\n\r\n", "Nats-Msg-Size", "12"],
  ["NATS/1.0\r\nX-Nats-Msg-Size: 1\r\n\r\n", "Nats-Msg-Size", ""],
  ["NATS/1.0\r\nbro\xffken name: 1\r\nNats-Msg-Size: 12\r\n\r\n", "Nats-Msg-Size", "12"],
  ["", "Nats-Msg-Size", ""],
])("%j has %s %j", (raw, name, value) => {
  expect(headerIn(Buffer.from(raw, "latin1"), name)).toBe(value);
});

test("a message has its raw headers until its content is released, and none then", () => {
  const [head, body] = ["NATS/1.0\r\na: b\r\n\r\n", "body"];
  const msg = {
    subject: "events.w1",
    _rdata: Buffer.from(head + body) as Buffer | undefined,
    get data(): Uint8Array {
      return msg["_rdata"]?.subarray(head.length) ?? new Uint8Array();
    },
    size: () => "events.w1".length + head.length + body.length,
  };
  const message = {
    subject: "events.w1",
    get data(): Uint8Array {
      return msg.data;
    },
    msg,
  } as unknown as JsMsg;
  expect(headerIn(rawHeaders(message), "a")).toBe("b");
  releaseContent(message);
  expect(rawHeaders(message)).toEqual(new Uint8Array());
});
