import type { Subscription } from "@ringback/contracts/agents/subscription";
import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuRatio } from "../../../../../test/harness/cpu-time.ts";
import { withoutEchoes } from "./redact-echoes.ts";

const SUBSCRIPTION = {
  callback_url: "https://x.example.com/hook?token=qu3ry-s3cret&v=2",
  headers: {
    Authorization: "Bearer t0ken-s3cret",
    "X-Tenant": "t1",
    "Content-Type": "application/json",
  },
};
const clean = (text: string) =>
  withoutEchoes({ headers: { "x-echo": text }, body_excerpt: text }, SUBSCRIPTION);
const both = (text: string) => ({ headers: { "x-echo": text }, body_excerpt: text });

test("a value, its token alone and a URL's query are not kept where an endpoint repeats them", () => {
  expect(clean('{"authorization": "Bearer t0ken-s3cret"}')).toEqual(
    both('{"authorization": "<redacted>"}'),
  );
  expect(clean("invalid token t0ken-s3cret!")).toEqual(both("invalid token <redacted>!"));
  expect(clean("GET /hook?token=qu3ry-s3cret&v=2")).toEqual(both("GET /hook?<redacted>"));
  expect(clean("token qu3ry-s3cret is unknown")).toEqual(both("token <redacted> is unknown"));
});

test("a signing secret is not kept either, with or without its prefix, however its slashes are written", () => {
  const base64 = "s1gn/Secret+abcdefghijklmnopqrst=";
  const key = { id: "k", created_at: "2026-01-01T00:00:00.000Z" };
  const signing: Subscription["signing"] = [
    { ...key, scheme: "v1", secret: `whsec_${base64}` },
    { ...key, scheme: "v1a", secret: "whsk_0ther+s33d=", public_key: "whpk_public" },
  ];
  const kept = (body_excerpt: string) =>
    withoutEchoes({ body_excerpt }, { ...SUBSCRIPTION, signing }).body_excerpt;
  expect(kept(`signed with whsec_${base64}!`)).toBe("signed with <redacted>!");
  expect(kept(`{"key": "${base64}"}`)).toBe('{"key": "<redacted>"}');
  expect(kept(String.raw`s1gn\/Secret+abcdefghijklmnopqrst=`)).toBe("<redacted>");
  expect(kept(`?key=${encodeURIComponent(base64)}`)).toBe("?key=<redacted>");
  expect(kept("whsk_0ther+s33d= of whpk_public")).toBe("<redacted> of whpk_public");
});

test.each([
  ["a short session in a cookie", "session q1w2e3 has ended", "session <redacted> has ended"],
  ["a short key of several", "key abc1234!", "key <redacted>!"],
])("%s is not kept where it is repeated alone", (_what, body_excerpt, expected) => {
  const headers = { Cookie: "sid=q1w2e3; lang=en", "X-Keys": "v1:abc1234,v2:xyz" };
  expect(withoutEchoes({ body_excerpt }, { ...SUBSCRIPTION, headers }).body_excerpt).toBe(expected);
});

test.each([
  ["escaped slashes", "aaa&#0/a", String.raw`aaa&#0\/a`],
  ["escaped slashes, in HTML", "ab%41/%42&c", String.raw`ab%41\/%42&amp;c`],
  ["HTML", "ab%41&%42\\x41", String.raw`ab%41&amp;%42\x41`],
])("a secret that holds an escape itself is not kept with %s", (_what, secret, written) => {
  const subscription = { ...SUBSCRIPTION, headers: { "x-key": secret } };
  expect(withoutEchoes({ body_excerpt: `key ${written}!` }, subscription).body_excerpt).toBe(
    "key <redacted>!",
  );
});

test("what is short or no secret stays readable", () => {
  const text = "Bearer realm, tenant t1, application/json, v=2";
  expect(clean(text)).toEqual(both(text));
});

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");
const each = (text: string, spell: (code: number, character: string) => string): string =>
  text
    .split("")
    .map((character) => spell(character.charCodeAt(0), character))
    .join("");
const html = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
const json = (text: string): string => JSON.stringify(text).slice(1, -1);

/** How endpoints, frameworks and proxies write what they repeat. */
const SPELLINGS: Record<string, (text: string) => string> = {
  "as it is": (text) => text,
  "in upper case": (text) => text.toUpperCase(),
  "in lower case": (text) => text.toLowerCase(),
  "as JSON": json,
  "as JSON with escaped slashes": (text) => json(text).replaceAll("/", String.raw`\/`),
  "as JSON with \\u of all": (text) => each(text, (code) => `\\u${hex(code, 4)}`),
  "as JSON with \\U003C": (text) => each(text, (code) => `\\u${hex(code, 4).toUpperCase()}`),
  "as JSON in JSON": (text) => json(json(text)),
  "as JavaScript": (text) => each(text, (code) => `\\x${hex(code, 2)}`),
  "as part of a URL": encodeURIComponent,
  "as part of a form": (text) => encodeURIComponent(text).replaceAll("%20", "+"),
  "with all percent-encoded": (text) => each(text, (code) => `%${hex(code, 2)}`),
  "with all percent-encoded, twice": (text) => each(text, (code) => `%25${hex(code, 2)}`),
  "as HTML": html,
  "as HTML in decimal": (text) => each(text, (code) => `&#${code};`),
  "as HTML in hexadecimal": (text) => each(text, (code) => `&#x${hex(code, 4)};`),
  "as JSON in HTML": (text) => html(json(text)),
  "as HTML in JSON": (text) => json(html(text)),
  "as HTML without semicolons": (text) => each(text, (code) => `&#${code}`),
  "as C in octal": (text) => each(text, (code) => `\\${code.toString(8).padStart(3, "0")}`),
  "as a dump": (text) =>
    Buffer.from(text)
      .toString("hex")
      .replaceAll(/..(?=.)/g, "$& "),
  "as a dump with colons": (text) =>
    Buffer.from(text)
      .toString("hex")
      .replaceAll(/..(?=.)/g, "$&:"),
  "as JSON of a buffer": (text) => Buffer.from(text).join(","),
  "as an array of bytes": (text) => Buffer.from(text).join(", "),
  "in hexadecimal": (text) => Buffer.from(text).toString("hex"),
  "in full-width case": (text) => text.replaceAll("k", "\u212A").replaceAll("s", "\u017F"),
};

/** Some hold an escape themselves. */
const secretText = fc.string({
  unit: fc.constantFrom(
    ...Array.from("abcksXYZ0129%+/=_-.:&<\"'#;u "),
    "%41",
    "&#0",
    "&lt;",
    "\\n",
  ),
  minLength: 8,
  maxLength: 80,
});
const other = fc.string({ unit: fc.constantFrom(...Array.from("hjqv,!()[] \n")), maxLength: 12 });
/** Around the place where an excerpt is cut. */
const before = fc.oneof(
  other,
  fc.integer({ min: 1_900, max: 2_100 }).map((n) => "hq".repeat(n / 2)),
);

/** The windows of eight characters of a secret, each spelled like this, that a text still has. */
const windowsLeft = (kept: string, secret: string, spell: (text: string) => string): string[] =>
  Array.from({ length: secret.length - 7 }, (_, at) => spell(secret.slice(at, at + 8))).filter(
    (window) => kept.includes(window),
  );

describe.each(Object.entries(SPELLINGS))("a secret that is repeated %s", (_how, spell) => {
  test("leaves no eight characters in a row, wherever it stands", () => {
    fc.assert(
      fc.property(secretText, before, other, (secret, front, back) => {
        const text = `${front}${spell(secret)}${back}`;
        const response = { headers: { server: text }, body_excerpt: text };
        const subscription = {
          callback_url: "https://x.example.com/",
          headers: { "x-key": secret },
        };
        const kept = withoutEchoes(response, subscription);
        expect(windowsLeft(kept.body_excerpt ?? "", secret, spell)).toEqual([]);
        expect(windowsLeft(kept.headers?.["server"] ?? "", secret, spell)).toEqual([]);
        expect(Buffer.byteLength(kept.body_excerpt ?? "")).toBeLessThanOrEqual(2_048);
        expect(kept.headers?.["server"]?.length).toBeLessThanOrEqual(256);
      }),
    );
  });
});

const kept = (text: string, headers: Record<string, string>, url = "https://x.example.com/") =>
  withoutEchoes({ body_excerpt: text }, { callback_url: url, headers }).body_excerpt;

describe("what of a secret", () => {
  test("stands in base64, at any alignment, in either alphabet, is not kept", () => {
    fc.assert(
      fc.property(secretText, fc.nat(5), fc.nat(3), fc.boolean(), (secret, front, back, isUrl) => {
        const whole = Buffer.from(`${"q".repeat(front)}${secret}${"q".repeat(back)}`);
        const text = whole.toString(isUrl ? "base64url" : "base64");
        const result = kept(`<${text}>`, { "x-key": secret }) ?? "";
        const inside = text.slice(
          Math.ceil((front * 4) / 3) + 1,
          Math.floor(((front + secret.length) * 4) / 3) - 1,
        );
        const left = Array.from({ length: Math.max(0, inside.length - 7) }, (_, at) =>
          inside.slice(at, at + 8),
        ).filter((window) => result.includes(window));
        expect(left).toEqual([]);
      }),
    );
  });

  test("is what `Basic` says is not kept", () => {
    const headers = { authorization: `Basic ${Buffer.from("al1ce:pass-w0rd").toString("base64")}` };
    expect(kept('{"user": "al1ce", "password": "pass-w0rd"}', headers)).toBe(
      '{"user": "al1ce", "password": "<redacted>"}',
    );
    expect(kept("login al1ce:pass-w0rd failed", headers)).toBe("login <redacted> failed");
  });

  test("stands in a URL's query is not kept, raw or read", () => {
    const url = "https://x.example.com/?key=s3cr%C3%A9t%2Fvalue&sig=abc+defgh";
    for (const text of ["s3crét/value", "s3cr%c3%a9t%2fvalue", "S3CRÉT\\/VALUE", "abc defgh"]) {
      expect(kept(`is ${text}?`, {}, url)).toBe("is <redacted>?");
    }
  });

  test("is a signing key's bytes, in hexadecimal, is not kept", () => {
    const bytes = Buffer.from("0123456789abcdef0123456789abcdef");
    const key = { id: "k", created_at: "2026-01-01T00:00:00.000Z", scheme: "v1" as const };
    const secret = `whsec_${bytes.toString("base64")}`;
    const signed = {
      callback_url: "https://x.example.com/",
      headers: {},
      signing: [{ ...key, secret }],
    };
    const body_excerpt = `key ${bytes.toString("hex").toUpperCase()}.`;
    expect(withoutEchoes({ body_excerpt }, signed).body_excerpt).toBe("key <redacted>.");
  });

  test("is broken into lines is not kept", () => {
    expect(kept("is t0ken-\r\ns3cret-\nvalue.", { "x-key": "t0ken-s3cret-value" })).toBe(
      "is <redacted>.",
    );
  });
});

const TEXTS = ["%25", "\\u005c", "&amp;", "&#38;", "a", "s3cret", "\\\\", "%c3%a9", "\uFFFD", "ß"];

test.each(TEXTS)(
  "takes time in proportion to the answer and to the secrets, of which there may be many: %s",
  async (text) => {
    /** An excerpt and secrets of the largest size, or of a part of it. */
    const redactionOf = (part: number) => {
      const header = (n: number): string =>
        `${n < TEXTS.length ? "" : n}${TEXTS[n % TEXTS.length]}`
          .repeat(4_096)
          .slice(0, 4_096 / part);
      const headers = Object.fromEntries(
        Array.from({ length: 20 }, (_, n) => [`x-${n}`, header(n)]),
      );
      const callback_url = `https://x.example.com/?${"k=s3cret%2F&".repeat(150 / part)}`;
      const body_excerpt = text.repeat(65_536 / part / text.length);
      return () => withoutEchoes({ body_excerpt }, { callback_url, headers });
    };
    expect(await cpuRatio(redactionOf(1), redactionOf(8), 32)).toBeLessThan(32); // about 8, and 64 by the square
  },
);
