import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { headerIn } from "./message-headers.ts";

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
