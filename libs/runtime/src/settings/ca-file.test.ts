import { describe, expect, test } from "vitest";
import { writeTempFile } from "../../../../test/harness/temp-dir.ts";
import { makeTestCa, writeCaFile } from "../../../../test/harness/receiver/tls.ts";
import { caFileSchema } from "./ca-file.ts";

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
