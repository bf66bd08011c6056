import { describe, expect, test } from "vitest";
import { headerProblems } from "./request-headers.ts";

const STEERS = "is set by the platform or steers the connection: it cannot be chosen";
const NAME = "is not a header name (RFC 9110) of at most 128 characters";
const VALUE = "must be visible ASCII, with spaces and tabs only inside, and not empty";
const JSON_TYPE = "must be application/json, with or without a charset";

const problemsOf = (name: string, value = "x") =>
  headerProblems(Object.fromEntries([[name, value]]));

test.each<[string, string]>([
  ["Authorization", "Bearer abc.def-ghi"],
  ["authorization", "Basic dXNlcjpwYXNz"],
  ["X-API-Key", "k"],
  ["X-Tenant", "a b\tc"],
  ["accept", "*/*"],
  ["accept-language", "de, en;q=0.5"],
  ["cookie", "a=1; b=2"],
  ["content-encoding", "identity"],
  ["x-forward", "1"],
  ["forwarded-by", "x"],
  ["x-real-ip-hint", "x"],
  ["hostname", "x"],
  ["sec", "x"],
  ["proxy", "x"],
  ["webhook", "x"],
  ["x-webhook-id", "x"],
  ["x-ringback-secret", "x"],
  ["x-am-z", "x"],
  ["teapot", "x"],
  ["a", "~"],
  ["!#$%&'*+.^_`|~1", "x"],
  ["n".repeat(128), "x"],
  ["x-long", "v".repeat(4_096)],
  ["toString", "x"],
  ["Content-Type", "application/json"],
  ["content-type", "application/json; charset=utf-8"],
  ["content-type", "Application/JSON;charset=UTF-8"],
  ["content-type", 'application/json ; charset="utf-8"'],
])("%s: %s may be set", (name, value) => expect(problemsOf(name, value)).toEqual([]));

/** Names as they come, in capitals and in mixed case. */
const spellings = (name: string): string[] => [
  name,
  name.toUpperCase(),
  name
    .split("")
    .map((c, n) => (n % 2 === 0 ? c.toUpperCase() : c))
    .join(""),
];

test.each([
  "host",
  "content-length",
  "transfer-encoding",
  "te",
  "trailer",
  "connection",
  "keep-alive",
  "upgrade",
  "expect",
  "http2-settings",
  "accept-encoding",
  "user-agent",
  "date",
  "via",
  "forwarded",
  "x-real-ip",
  "metadata",
  "metadata-flavor",
  "__proto__",
  "constructor",
  "prototype",
  "proxy-authorization",
  "proxy-connection",
  "proxy-",
  "sec-fetch-mode",
  "sec-websocket-key",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-aws-ec2-metadata-token",
  "x-amz-security-token",
  "x-google-metadata-request",
  "x-goog-api-key",
  "x-azure-ref",
  "x-ms-version",
  "webhook-id",
  "webhook-timestamp",
  "webhook-signature",
  "ringback-attempt",
  "ringback-event-type",
])("%s cannot be chosen, however it is spelt", (name) => {
  for (const spelling of spellings(name)) {
    expect(problemsOf(spelling)).toEqual([{ name: spelling, message: STEERS }]);
  }
});

test.each<[string, string]>([
  ["nothing", ""],
  ["a space", "x y"],
  ["a space in front", " x"],
  ["a colon", "x:y"],
  ["a pseudo-header", ":authority"],
  ["a newline", "x\ny"],
  ["a line of its own", "x: 1\r\nhost"],
  ["NUL", "x\0"],
  ["a comma", "x,y"],
  ["a slash", "x/y"],
  ["quotes", 'x"y'],
  ["brackets", "x[0]"],
  ["non-ASCII letters", "x-größe"],
  ["a letter that is lower-cased into ASCII", "x-\u212Aey"],
  ["129 characters", "n".repeat(129)],
])("a name with %s is none", (_what, name) => {
  expect(problemsOf(name)).toEqual([{ name, message: NAME }]);
});

test.each<[string, string, string]>([
  ["nothing", "", VALUE],
  ["only a space", " ", VALUE],
  ["a space in front", " x", VALUE],
  ["a space at the end", "x ", VALUE],
  ["a tab at the end", "x\t", VALUE],
  ["a newline", "x\ny", VALUE],
  ["a newline at the end", "x\n", VALUE],
  ["a header of its own", "x\r\nhost: evil", VALUE],
  ["NUL", "x\0y", VALUE],
  ["DEL", "x\u007fy", VALUE],
  ["Latin-1", "caf\u00e9", VALUE],
  ["an emoji", "😀", VALUE],
  ["4,097 characters", "v".repeat(4_097), "is over 4096 characters"],
])("a value with %s is refused", (_what, value, message) => {
  expect(problemsOf("x-custom", value)).toEqual([{ name: "x-custom", message }]);
});

test.each([
  "text/plain",
  "application/jsonp",
  "application/json, text/plain",
  "application/json; boundary=x",
  "application/json; charset=",
  "application/json; charset=utf-8; x=1",
  "application/cloudevents+json",
])("content-type %s is not what is sent", (value) => {
  for (const name of spellings("content-type")) {
    expect(problemsOf(name, value)).toEqual([{ name, message: JSON_TYPE }]);
  }
});

/** Headers `x-00`, `x-01`, … */
const many = (n: number, value = "x") =>
  Object.fromEntries(
    Array.from({ length: n }, (_, i) => [`x-${String(i).padStart(2, "0")}`, value]),
  );

describe("a set of headers", () => {
  test("may be empty", () => expect(headerProblems({})).toEqual([]));

  test("may have 20 of them, and not 21", () => {
    expect(headerProblems(many(20))).toEqual([]);
    expect(headerProblems(many(21))).toEqual([{ message: "21 headers: at most 20" }]);
  });

  test("may have 16 KiB of names and values, and not one character more", () => {
    const full = many(4, "v".repeat(4_092)); // 4 × (4 + 4,092)
    expect(headerProblems(full)).toEqual([]);
    const message = "16385 characters of headers: at most 16384";
    expect(headerProblems({ ...full, "x-00": "v".repeat(4_093) })).toEqual([{ message }]);
  });

  test("names each header once, whatever its case", () => {
    expect(headerProblems({ "X-Key": "1", "x-key": "2", "X-KEY": "3" })).toEqual([
      { name: "x-key", message: "is there twice" },
      { name: "X-KEY", message: "is there twice" },
    ]);
  });

  test("is told all that is wrong with it at once", () => {
    const headers = { ...many(20), Host: "evil", "x-empty": "", "a b": "x" };
    expect(headerProblems(headers)).toEqual([
      { message: "23 headers: at most 20" },
      { name: "Host", message: STEERS },
      { name: "x-empty", message: VALUE },
      { name: "a b", message: NAME },
    ]);
  });

  test("never repeats a value, which may be a secret", () => {
    const problems = headerProblems({ authorization: "Bearer s3cret\n", "content-type": "s3cret" });
    expect(problems).toHaveLength(2);
    expect(JSON.stringify(problems)).not.toContain("s3cret");
  });
});
