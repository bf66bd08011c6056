import type { Subscription } from "@ringback/contracts/subscription";
import { expect, test } from "vitest";
import { withoutEchoes } from "./echoed-secrets.ts";

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

test("what is short or no secret stays readable", () => {
  const text = "Bearer realm, tenant t1, application/json, v=2";
  expect(clean(text)).toEqual(both(text));
});
