import { expect, test } from "vitest";
import { listeningLine } from "./stack.ts";

test("the addresses are taken from the log line `listening` alone", () => {
  const line = { level: 30, msg: "listening", http: "http://127.0.0.1:1", admin: "http://[::1]:2" };
  expect(listeningLine(JSON.stringify(line))).toEqual({ http: line.http, admin: line.admin });
  const { http: _, ...withoutApi } = line;
  expect(listeningLine(JSON.stringify(withoutApi))).toEqual({ http: "", admin: line.admin });
});

test.each(['{"msg":"not yet \\"listening\\""}', 'warning: "listening"', "[]", ""])(
  "%s is not that line",
  (line) => {
    expect(listeningLine(line)).toBeUndefined();
  },
);
