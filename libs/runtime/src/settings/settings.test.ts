import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { deliverySafetySettings } from "./delivery-settings.ts";
import { parseSettings, SettingsError } from "./parse-settings.ts";
import {
  booleanSchema,
  bytesSchema,
  COMMON_SECRETS,
  commonSettings,
  integerSchema,
  portSchema,
  type Environment,
} from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fileWith = (text: string): string => {
  const file = join(mkdtempSync(join(folder, "file-")), "secret");
  writeFileSync(file, text);
  return file;
};

const shape = {
  NAME: z.string().prefault("default"),
  COUNT: integerSchema(1, 9).prefault("1"),
  PASSWORD: z.string().min(8, "must be at least 8 characters").prefault("none at all"),
} as const;

const parse = (environment: Environment) => parseSettings(shape, environment, ["PASSWORD"]);

/** What is wrong with an environment, line by line. */
const problems = (read: () => unknown): string[] => {
  try {
    read();
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split("\n");
    throw error;
  }
  return [];
};

describe("an environment", () => {
  test("without settings gives the defaults", () => {
    expect(parse({})).toEqual({ NAME: "default", COUNT: 1, PASSWORD: "none at all" });
  });

  test("with empty values gives the defaults too", () => {
    const empty = { NAME: "", COUNT: "", PASSWORD: "", PASSWORD_FILE: "" };
    expect(parse(empty)).toEqual(parse({}));
    expect(parse({ NAME: undefined })).toEqual(parse({}));
  });

  test("may hold anything else, which is left alone", () => {
    expect(parse({ PATH: "/bin", COUNTER: "x", count: "9" })).toEqual(parse({}));
  });

  test("that is wrong is refused with all problems together, one a line", () => {
    const environment = { COUNT: "0", PASSWORD: "short", PASSWORD_FILE: "/nowhere" };
    expect(problems(() => parse(environment))).toEqual([
      "PASSWORD: is set, and PASSWORD_FILE too: expected one of them",
      "COUNT: must be at least 1 (got '0')",
      "PASSWORD: must be at least 8 characters",
    ]);
  });
});

describe("a secret", () => {
  test("comes from the file that its other name gives, without the newline at its end", () => {
    const file = fileWith("s3cret password\n");
    expect(parse({ PASSWORD_FILE: file })).toMatchObject({ PASSWORD: "s3cret password" });
    expect(parse({ PASSWORD_FILE: file, PASSWORD: "" })).toMatchObject({
      PASSWORD: "s3cret password",
    });
  });

  test("that is given twice is refused, whichever it would be", () => {
    const environment = { PASSWORD: "s3cret password", PASSWORD_FILE: fileWith("s3cret too") };
    expect(problems(() => parse(environment))).toEqual([
      "PASSWORD: is set, and PASSWORD_FILE too: expected one of them",
    ]);
  });

  test("whose file is missing, or is a folder, is refused with the path", () => {
    const missing = join(folder, "missing");
    expect(problems(() => parse({ PASSWORD_FILE: missing }))).toEqual([
      `PASSWORD_FILE: ENOENT: no such file or directory, open '${missing}'`,
    ]);
    expect(problems(() => parse({ PASSWORD_FILE: folder }))).toEqual([
      expect.stringMatching(/^PASSWORD_FILE: EISDIR/),
    ]);
  });

  test("is never repeated, wherever it came from", () => {
    const inFile = { PASSWORD_FILE: fileWith("s3cret\n") };
    for (const environment of [{ PASSWORD: "s3cret" }, inFile]) {
      const lines = problems(() => parse(environment));
      expect(lines).toEqual(["PASSWORD: must be at least 8 characters"]);
    }
  });

  test("in the address of NATS is never repeated", () => {
    const shapeWithNats = { ...commonSettings };
    const urls = [
      "nats://u:s3cret@",
      "s3cret@host",
      "http://u:s3cret@host:4222",
      "nats://a,s3cret",
    ];
    for (const NATS_URL of urls) {
      const lines = problems(() => parseSettings(shapeWithNats, { NATS_URL }, COMMON_SECRETS));
      expect(lines).toHaveLength(1);
      expect(lines[0]).not.toContain("s3cret");
    }
  });

  test("is not read from a file for what is no secret", () => {
    expect(parse({ NAME_FILE: fileWith("other") })).toMatchObject({ NAME: "default" });
  });
});

const common = (environment: Environment) =>
  parseSettings({ ...commonSettings, ...deliverySafetySettings }, environment, COMMON_SECRETS);

test("the defaults of both services are those of the design", () => {
  const day = 24 * 3_600_000;
  expect(common({})).toEqual({
    NATS_URL: "nats://127.0.0.1:4222",
    NATS_INBOX_PREFIX: "_INBOX",
    STREAM_REPLICAS: 1,
    STREAM_MANAGEMENT: "manage",
    MAKE_LOST_STREAMS: [],
    EVENTS_MAX_AGE: 7 * day,
    ATTEMPTS_MAX_AGE: 30 * day,
    DEAD_LETTERS_MAX_AGE: 30 * day,
    AUDIT_MAX_AGE: 90 * day,
    AUDIT_MAX_BYTES: 2 ** 30,
    LOG_LEVEL: "info",
    ADMIN_HOST: "0.0.0.0",
    ALLOW_INSECURE_HTTP: false,
    ALLOWED_PRIVATE_CIDRS: [],
    DENIED_CIDRS: [],
    ALLOWED_PORTS: [
      { first: 443, last: 443 },
      { first: 8_443, last: 8_443 },
    ],
  });
});

test("every setting of both services is described", () => {
  const all = Object.entries({ ...commonSettings, ...deliverySafetySettings });
  const undescribed = all.filter(([, schema]) => (schema.description ?? "") === "");
  expect(undescribed.map(([name]) => name)).toEqual([]);
});

const NO_URL = "is not a URL such as nats://127.0.0.1:4222 (several: separated by commas)";
const NO_SIZE = "is not a size such as 1073741824, 500MiB, 20GiB or unlimited";
const NO_DURATION = "is not a duration such as 500ms, 10s, 2m, 1h or 7d";
const NO_CIDR = "is not a CIDR such as 10.0.0.0/8";

test.each<[string, string, string]>([
  ["NATS_URL", "127.0.0.1", NO_URL],
  ["NATS_URL", "localhost:4222", NO_URL],
  ["NATS_URL", "http://127.0.0.1:4222", NO_URL],
  ["NATS_URL", "nats://", NO_URL],
  ["NATS_URL", "nats://a,,nats://b", `part 2 of 3 ${NO_URL}`],
  ["NATS_URL", "nats://a,b", `part 2 of 2 ${NO_URL}`],
  ["NATS_INBOX_PREFIX", "_INBOX.>", "must be tokens of A-Z a-z 0-9 _ - such as _INBOX_dispatcher"],
  ["NATS_INBOX_PREFIX", "a..b", "must be tokens of"],
  ["NATS_INBOX_PREFIX", "a b", "must be tokens of"],
  ["STREAM_REPLICAS", "0", "must be at least 1 (got '0')"],
  ["STREAM_REPLICAS", "6", "must be at most 5 (got '6')"],
  ["STREAM_REPLICAS", "three", "is not a whole number (got 'three')"],
  ["EVENTS_MAX_AGE", "7", `'7' ${NO_DURATION}`],
  ["EVENTS_MAX_AGE", "0s", "must be at least 100ms (got '0s')"],
  ["ATTEMPTS_MAX_AGE", "forever", `'forever' ${NO_DURATION}`],
  ["ATTEMPTS_MAX_AGE", "99ms", "must be at least 100ms (got '99ms')"],
  ["DEAD_LETTERS_MAX_AGE", "-1d", `'-1d' ${NO_DURATION}`],
  ["DEAD_LETTERS_MAX_AGE", "0d", "must be at least 100ms (got '0d')"],
  ["EVENTS_MAX_BYTES", "1GB", `'1GB' ${NO_SIZE}`],
  ["EVENTS_MAX_BYTES", "0", `'0' ${NO_SIZE}`],
  ["EVENTS_MAX_BYTES", "-1", `'-1' ${NO_SIZE}`],
  ["LOG_LEVEL", "verbose", 'expected one of "trace"|"debug"|"info"|"warn"|"error"|"fatal"'],
  ["ALLOW_INSECURE_HTTP", "yes", `expected one of "true"|"false" (got 'yes')`],
  ["ALLOW_INSECURE_HTTP", "TRUE", `expected one of "true"|"false" (got 'TRUE')`],
  ["ALLOWED_PRIVATE_CIDRS", "10/8", `'10/8' in '10/8' ${NO_CIDR}`],
  ["ALLOWED_PRIVATE_CIDRS", "127.0.0.0/8,x", `'x' in '127.0.0.0/8,x' ${NO_CIDR}`],
])("%s: '%s' is refused with value, place and expectation", (name, value, message) => {
  const lines = problems(() => common({ [name]: value }));
  expect(lines).toEqual([expect.stringMatching(`^${name}: `)]);
  expect(lines[0]).toContain(message);
});

test.each<[string, string, unknown]>([
  ["NATS_URL", "tls://a:4222, nats://user:pass@b", "tls://a:4222, nats://user:pass@b"],
  ["STREAM_REPLICAS", "3", 3],
  ["EVENTS_MAX_AGE", "100ms", 100],
  ["EVENTS_MAX_BYTES", "unlimited", undefined],
  ["EVENTS_MAX_BYTES", "1073741824", 1_073_741_824],
  ["EVENTS_MAX_BYTES", "500MiB", 500 * 1024 ** 2],
  ["EVENTS_MAX_BYTES", "2KiB", 2_048],
  ["EVENTS_MAX_BYTES", "1TiB", 1024 ** 4],
  ["LOG_LEVEL", "debug", "debug"],
  ["ALLOW_INSECURE_HTTP", "true", true],
  ["ALLOWED_PRIVATE_CIDRS", "127.0.0.0/8, ::1/128", ["127.0.0.0/8", "::1/128"]],
  ["ALLOWED_PRIVATE_CIDRS", " ", []],
])("%s: '%s' is taken", (name, value, parsed) => {
  expect(common({ [name]: value })).toMatchObject({ [name]: parsed });
});

/** Those of the texts that a schema takes. */
const accepted = (schema: z.ZodType, texts: readonly string[]): string[] =>
  texts.filter((text) => schema.safeParse(text).success);

test("numbers, ports, sizes and flags are only what looks like one in full", () => {
  expect(
    accepted(integerSchema(-9, 9), ["", " 1", "1.0", "1e0", "0x1", "1,0", "10", "-10"]),
  ).toEqual([]);
  expect(integerSchema(-9, 9).parse("-9")).toBe(-9);
  expect(accepted(portSchema, ["-1", "65536", "http", ""])).toEqual([]);
  expect([portSchema.parse("0"), portSchema.parse("65535")]).toEqual([0, 65_535]);
  expect(accepted(bytesSchema, ["", "1 GiB", "1.5GiB", "9007199254740992", "9000000TiB"])).toEqual(
    [],
  );
  expect(accepted(booleanSchema, ["", "1", "on", "True", " true"])).toEqual([]);
});
