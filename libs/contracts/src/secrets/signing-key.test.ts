import { expect, test } from "vitest";
import {
  liveKeys,
  redactedSigningKey,
  redactedSigningKeySchema,
  signingKeySchema,
  withNewKey,
  type SigningKey,
} from "./signing-key.ts";

const at = (hour: number): string => `2026-01-01T${String(hour).padStart(2, "0")}:00:00.000Z`;
const key = (id: string, expires_at?: string): SigningKey => ({
  id,
  scheme: "v1",
  secret: `whsec_${id}`,
  created_at: at(0),
  ...(expires_at === undefined ? {} : { expires_at }),
});

test("a key signs until the moment at which it expires, and one without an end always", () => {
  const keys = [key("new"), key("old", at(2))];
  const ids = (ms: number) => liveKeys(keys, ms).map(({ id }) => id);
  expect(ids(Date.parse(at(2)) - 1)).toEqual(["new", "old"]);
  expect(ids(Date.parse(at(2)))).toEqual(["new"]);
  expect(liveKeys(undefined, 0)).toEqual([]);
});

test("a new key comes first, and those before sign on for the overlap, or less where they had less", () => {
  const before = [key("second"), key("first", at(3))];
  expect(withNewKey(before, key("third"), at(5))).toEqual([
    key("third"),
    key("second", at(5)),
    key("first", at(3)),
  ]);
  expect(withNewKey(before, key("third"), at(1)).slice(1)).toEqual([
    key("second", at(1)),
    key("first", at(1)),
  ]);
  expect(withNewKey(undefined, key("only"), at(1))).toEqual([key("only")]);
});

test("what is shown of a key has all but its secret, and a form that lets no secret through", () => {
  const pair: SigningKey = { ...key("k"), scheme: "v1a", public_key: "whpk_x" };
  for (const one of [key("k", at(1)), pair]) {
    const { secret, ...rest } = one;
    expect(redactedSigningKey(one)).toEqual(rest);
    expect(redactedSigningKeySchema.parse(redactedSigningKey(one))).toEqual(rest);
    expect(redactedSigningKeySchema.safeParse({ ...rest, secret }).success).toBe(false);
    expect(signingKeySchema.parse(one)).toEqual(one);
  }
  const { public_key: _missing, ...half } = pair;
  expect(signingKeySchema.safeParse(half).success).toBe(false);
});
