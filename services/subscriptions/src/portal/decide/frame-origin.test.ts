import { expect, test } from "vitest";
import { frameOriginIn } from "./frame-origin.ts";

const ALLOWED = [
  "https://app.example.com",
  "https://app.example.com:8443",
  "http://localhost:3000",
  "http://127.0.0.1:3000",
  "http://[::1]:3000",
  "http://intranet.example.com",
];

test.each(ALLOWED.slice(0, 5))("%s may be sent messages", (origin) => {
  expect(frameOriginIn(origin, ALLOWED)).toEqual({ kind: "origin", origin });
});

test.each([
  ["*", "must be an origin"],
  ["null", "must be an origin"],
  ["", "must be an origin"],
  ["app.example.com", "must be an origin"],
  ["https://app.example.com/", "must be an origin"],
  ["https://app.example.com/path", "must be an origin"],
  ["https://app.example.com?x", "must be an origin"],
  ["https://app.example.com#x", "must be an origin"],
  ["https://APP.example.com", "must be an origin"],
  ["https://app.example.com:443", "must be an origin"],
  ["https://ann@app.example.com", "must be an origin"],
  [" https://app.example.com", "must be an origin"],
  ["https://app.example.com\n", "must be an origin"],
  ["https://app.example.com https://evil.example.com", "must be an origin"],
  ["javascript:alert(1)", "must be an origin"],
  ["data:text/html,x", "must be an origin"],
  ["file:///", "must be an origin"],
  ["ftp://app.example.com", "must begin with https"],
  ["http://intranet.example.com", "must begin with https"],
  ["http://127.0.0.1.example.com", "must begin with https"],
  ["https://evil.example.com", "is none of the origins"],
  ["https://app.example.com.evil.example", "is none of the origins"],
  ["https://*.example.com", "is none of the origins"],
])("%j may not", (text, message) => {
  expect(frameOriginIn(text, ALLOWED)).toEqual({
    kind: "invalid",
    message: expect.stringContaining(message),
  });
});

test("where nobody may frame the portal, nobody is sent anything", () => {
  expect(frameOriginIn("https://app.example.com", [])).toMatchObject({ kind: "invalid" });
});
