import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { writeTempFile } from "../../../../test/harness/temp-dir.ts";
import { makeTestCa, writeCaFile } from "../../../../test/harness/receiver/tls.ts";
import {
  caFileSchema,
  certificateFileSchema,
  credentialsFileSchema,
  privateKeyFileSchema,
} from "./pem-files.ts";

const problemWith = (path: string): string | undefined =>
  caFileSchema.safeParse(path).error?.issues[0]?.message;

describe("a file of certificates", () => {
  test("gives each of them, whatever stands between", async () => {
    const [one, other] = await Promise.all([makeTestCa("one"), makeTestCa("other")]);
    const file = await writeTempFile("ca.pem", `# ours\n${one.caPem}\n# theirs\n${other.caPem}\n`);
    expect(caFileSchema.parse(file).map((pem) => pem.trim())).toEqual(
      [one, other].map(({ caPem }) => caPem.trim()),
    );
    expect(caFileSchema.parse(await writeCaFile(one))).toHaveLength(1);
  });

  test("that is not there is named", () => {
    expect(problemWith("/nowhere/ca.pem")).toBe(
      "'/nowhere/ca.pem' cannot be read (ENOENT): expected a file of PEM certificates",
    );
  });

  test("without a certificate is named", async () => {
    expect(problemWith(await writeTempFile("ca.pem", "hello"))).toContain("has no certificate");
  });

  test("with one that cannot be read is named with its number, and not repeated", async () => {
    const { caPem } = await makeTestCa();
    const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    const message = problemWith(await writeTempFile("ca.pem", `${caPem}\n${broken}`));
    expect(message).toContain("has a certificate that cannot be read (number 2)");
    expect(message).not.toContain("AAAA");
  });
});

const messageOf = (schema: z.ZodType, path: string): string | undefined =>
  schema.safeParse(path).error?.issues[0]?.message;

test("a file of certificates that somebody else reads is judged in the same way", async () => {
  const { caPem } = await makeTestCa();
  const file = await writeTempFile("cert.pem", caPem);
  expect(certificateFileSchema.parse(file)).toBe(file);
  const key = await writeTempFile("cert.pem", "-----BEGIN PRIVATE KEY-----");
  expect(messageOf(certificateFileSchema, key)).toContain("has no certificate");
});

test("a file without a private key that can be read is named, and not repeated", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  const cipher = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "p" } as const;
  const file = await writeTempFile("key.pem", pem);
  expect(privateKeyFileSchema.parse(file)).toBe(file);
  for (const text of ["hello", String(privateKey.export(cipher))]) {
    const message = messageOf(privateKeyFileSchema, await writeTempFile("key.pem", text));
    expect(message).toContain("has no private key that can be read");
    expect(message).not.toContain(text.slice(0, 5));
  }
  expect(messageOf(privateKeyFileSchema, "/nowhere/key.pem")).toContain("cannot be read (ENOENT)");
});

test("a file that is no credentials of NATS is named", async () => {
  const file = await writeTempFile("user.creds", "password");
  expect(messageOf(credentialsFileSchema, file)).toContain("has no JWT with the seed of a key");
  expect(messageOf(credentialsFileSchema, "/nowhere/u.creds")).toContain("cannot be read (ENOENT)");
});
