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

test("what is short or no secret stays readable", () => {
  const text = "Bearer realm, tenant t1, application/json, v=2";
  expect(clean(text)).toEqual(both(text));
});
