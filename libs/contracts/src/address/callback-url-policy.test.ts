import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkCallbackUrl, type CallbackUrlPolicy } from "./callback-url.ts";

const CIDRS = ["127.0.0.0/8", "::1/128", "10.1.0.0/16", "8.8.8.0/24", "169.254.0.0/16"];
const PUBLIC: CallbackUrlPolicy = {
  allowInsecureHttp: false,
  allowedPrivateCidrs: [],
  allowedPorts: [443, 8443].map((port) => ({ first: port, last: port })),
};
const OPENED: CallbackUrlPolicy = { ...PUBLIC, allowedPrivateCidrs: CIDRS };
const INSECURE: CallbackUrlPolicy = { ...PUBLIC, allowInsecureHttp: true };
const DEVELOPMENT: CallbackUrlPolicy = { ...OPENED, allowInsecureHttp: true };

const NO_SCHEME = "must begin with https://";
const LITERAL = "must name a host, not an IP address";
const PORT = "which is not one of 443, 8443";
const RESERVED = "which is reserved and not public";

/** What is said of a URL: its normal form, or why not. */
const said = (text: string, policy: CallbackUrlPolicy): string => {
  const checked = checkCallbackUrl(text, policy);
  return checked.kind === "accepted" ? checked.href : checked.message;
};

describe("what the operator opens", () => {
  const OUTSIDE = "must name a host: this IP address is in no network that is open here";

  test.each<[string, Record<"public" | "opened" | "insecure" | "development", string>]>([
    [
      "https://127.0.0.1:9443/",
      { public: LITERAL, opened: PORT, insecure: LITERAL, development: "" },
    ],
    [
      "http://127.0.0.1:9000/",
      { public: NO_SCHEME, opened: NO_SCHEME, insecure: LITERAL, development: "" },
    ],
    ["https://[::1]:8443/", { public: LITERAL, opened: "", insecure: LITERAL, development: "" }],
    [
      "https://[::ffff:7f00:1]/",
      { public: LITERAL, opened: "", insecure: LITERAL, development: "" },
    ],
    ["https://8.8.8.8/", { public: LITERAL, opened: "", insecure: LITERAL, development: "" }],
    [
      "https://10.2.0.0/",
      { public: LITERAL, opened: OUTSIDE, insecure: LITERAL, development: OUTSIDE },
    ],
    [
      "https://1.1.1.1/",
      { public: LITERAL, opened: OUTSIDE, insecure: LITERAL, development: OUTSIDE },
    ],
    [
      "https://[::2]/",
      { public: LITERAL, opened: OUTSIDE, insecure: LITERAL, development: OUTSIDE },
    ],
    [
      "https://169.254.169.254/",
      {
        public: LITERAL,
        opened: "nothing may be sent to",
        insecure: LITERAL,
        development: "nothing may be sent to",
      },
    ],
    [
      "http://example.com:8080/hook",
      { public: NO_SCHEME, opened: NO_SCHEME, insecure: "", development: "" },
    ],
    [
      "http://localhost:8080/hook",
      { public: NO_SCHEME, opened: NO_SCHEME, insecure: "", development: "" },
    ],
    ["https://example.com:22/", { public: PORT, opened: PORT, insecure: "", development: "" }],
    [
      "https://localhost:8443/hook",
      { public: RESERVED, opened: RESERVED, insecure: "", development: "" },
    ],
    [
      "http://receiver:8080/",
      { public: NO_SCHEME, opened: NO_SCHEME, insecure: "", development: "" },
    ],
  ])("%s", (text, expected) => {
    const policies = {
      public: PUBLIC,
      opened: OPENED,
      insecure: INSECURE,
      development: DEVELOPMENT,
    };
    const wanted = Object.entries(expected).map(([name, part]) => [
      name,
      expect.stringContaining(part === "" ? text : part),
    ]);
    const found = Object.entries(policies).map(([name, policy]) => [name, said(text, policy)]);
    expect(found).toEqual(wanted);
  });

  test.each([
    ["http://user@localhost/", "user name or password"],
    ["http://localhost/#x", "must not have a fragment"],
    ["http://localhost./", "ends with a dot"],
    ["http://local host/", "must be ASCII"],
    ["ftp://localhost/", NO_SCHEME],
    [`http://${"a".repeat(64)}.test/`, "empty or over 63 characters"],
    [`http://localhost/${"a".repeat(2_048)}`, "characters long"],
  ])("does not open %s", (text, message) => {
    expect(said(text, DEVELOPMENT)).toContain(message);
  });
});

describe("ports", () => {
  const allowedPorts = [
    { first: 443, last: 443 },
    { first: 9_000, last: 9_100 },
  ];
  test.each([
    ["https://example.com/", ""],
    ["https://example.com:443/", ""],
    ["https://example.com:9100/", ""],
    ["https://example.com:8443/", "names port 8443, which is not one of 443, 9000-9100"],
    ["https://example.com:9101/", "names port 9101"],
    ["https://example.com:80/", "names port 80"],
    ["https://example.com:0/", "names port 0"],
  ])("%s, where 443 and 9000-9100 are allowed", (text, message) => {
    const expected = message === "" ? new URL(text).href : message;
    expect(said(text, { ...PUBLIC, allowedPorts })).toContain(expected);
  });
});

test("an address in DENIED_CIDRS is refused where ALLOWED_PRIVATE_CIDRS would open it", () => {
  const denying = { ...DEVELOPMENT, deniedCidrs: ["10.1.2.0/24", "::1/128"] };
  expect(said("https://10.1.3.4/", denying)).toBe("https://10.1.3.4/");
  expect(said("https://10.1.2.4/", denying)).toContain("nothing may be sent to");
  expect(said("https://[::1]/", denying)).toContain("nothing may be sent to");
});

test("what is accepted stays accepted, in the same form, when it is judged again", () => {
  const parts = fc.array(
    fc.constantFrom(
      "a",
      "B",
      "0",
      ".",
      "-",
      "_",
      '"',
      "%",
      "%41",
      "'",
      "{",
      "\\",
      "/",
      "?",
      "=",
      ":",
      "@",
      "[",
      "]",
      "~",
      "..",
      "/./",
    ),
    {
      maxLength: 12,
    },
  );
  const host = fc.constantFrom(
    "example.com",
    "EXAMPLE.com",
    "127.0.0.1",
    "localhost",
    "[::1]",
    "a",
  );
  const built = fc
    .tuple(fc.constantFrom("https://", "http://", "HTTPS://"), host, parts)
    .map(([scheme, name, rest]) => `${scheme}${name}${rest.join("")}`);
  const policies = fc.constantFrom(PUBLIC, OPENED, INSECURE, DEVELOPMENT);
  fc.assert(
    fc.property(built, policies, (text, policy) => {
      const checked = checkCallbackUrl(text, policy);
      if (checked.kind === "refused") return;
      expect(checkCallbackUrl(checked.href, policy)).toEqual(checked);
      expect(new URL(checked.href).username).toBe("");
    }),
    { numRuns: 500 },
  );
});
