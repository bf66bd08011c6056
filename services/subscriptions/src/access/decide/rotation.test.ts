import type { StoredKey } from "@ringback/contracts/access/access-record";
import { expect, test } from "vitest";
import { rotated } from "./rotation.ts";

const NOW = new Date("2026-01-01T00:00:00.000Z");
const HOUR = 3_600_000;
const after = (ms: number): string => new Date(NOW.getTime() + ms).toISOString();
const digest = (n: number): string => String(n).padStart(64, "0");

const key = (more: Partial<StoredKey> = {}): StoredKey => ({
  kind: "key",
  key_id: "k1",
  workspace_id: "acme",
  name: "CRM",
  scopes: ["read"],
  secrets: [{ sha256: digest(1) }],
  seed: digest(0),
  created_by: "admin",
  created_at: after(-HOUR),
  ...more,
});

const secretsOf = (given: StoredKey, overlapMs: number) => {
  const result = rotated(given, digest(9), NOW, overlapMs);
  return result.kind === "rotated" ? result.key.secrets : result.kind;
};

test("the secret before counts until the overlap is over", () => {
  expect(secretsOf(key(), HOUR)).toEqual([
    { sha256: digest(9) },
    { sha256: digest(1), until: after(HOUR) },
  ]);
  expect(rotated(key(), digest(9), NOW, HOUR)).toMatchObject({
    key: { rotated_at: after(0), seed: digest(0), created_at: after(-HOUR) },
  });
});

test("without an overlap all secrets before end at once", () => {
  const several = key({
    secrets: [{ sha256: digest(2) }, { sha256: digest(1), until: after(HOUR) }],
  });
  expect(secretsOf(several, 0)).toEqual([{ sha256: digest(9) }]);
});

test("a secret that is about to end is not given more time, and one that has ended is forgotten", () => {
  const several = key({
    secrets: [
      { sha256: digest(3) },
      { sha256: digest(2), until: after(10) },
      { sha256: digest(1), until: after(0) },
    ],
  });
  expect(secretsOf(several, HOUR)).toEqual([
    { sha256: digest(9) },
    { sha256: digest(3), until: after(HOUR) },
    { sha256: digest(2), until: after(10) },
  ]);
});

test("a key has at most five secrets at once", () => {
  const old = [4, 3, 2].map((n) => ({ sha256: digest(n), until: after(HOUR) }));
  const four = key({ secrets: [{ sha256: digest(5) }, ...old] });
  expect(secretsOf(four, HOUR)).toHaveLength(5);
  const five = key({ secrets: [{ sha256: digest(6) }, ...four.secrets.slice(0, 1), ...old] });
  expect(secretsOf(five, HOUR)).toBe("too_many_key_secrets");
  expect(secretsOf(five, 0)).toHaveLength(1);
});

test("a key that has ended gets no new secret", () => {
  expect(secretsOf(key({ expires_at: after(0) }), HOUR)).toBe("key_expired");
  expect(secretsOf(key({ expires_at: after(1) }), HOUR)).toHaveLength(2);
});
