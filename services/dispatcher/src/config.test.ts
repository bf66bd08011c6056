import { SettingsError } from "@ringback/runtime/settings/parse-settings";
import { describe, expect, test } from "vitest";
import { makeTestCa } from "../../../test/harness/receiver/tls.ts";
import { writeTempFile } from "../../../test/harness/temp-dir.ts";
import { dispatcherSettings, readDispatcherSettings, unknownDispatcherSettings } from "./config.ts";

const PLAIN = { ALLOW_PLAINTEXT_HEADERS: "true" };

/** What is wrong with an environment, line by line. */
const problems = (environment: Readonly<Record<string, string>>): string[] => {
  try {
    readDispatcherSettings({ ...PLAIN, ...environment });
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split("\n");
    throw error;
  }
  return [];
};

test("without an environment, deliveries are made as the design promises", () => {
  const { SUCCESS_STATUS, ...settings } = readDispatcherSettings(PLAIN);
  expect(settings).toMatchObject({
    ADMIN_HOST: "0.0.0.0",
    ADMIN_PORT: 9_082,
    RETRY_DELAYS: [10_000, 60_000, 120_000],
    RETRY_JITTER: 0.1,
    DELIVERY_TIMEOUT: 30_000,
    MAX_IN_FLIGHT: 4_096,
    ALLOW_INSECURE_HTTP: false,
    ALLOWED_PRIVATE_CIDRS: [],
  });
  const statuses = [199, 200, 201, 202, 204, 301, 404, 500];
  expect(statuses.filter(SUCCESS_STATUS)).toEqual([200]);
});

test("every setting has a default or may be missing, and is described", () => {
  const undescribed = Object.entries(dispatcherSettings)
    .filter(([, schema]) => (schema.description ?? "") === "")
    .map(([name]) => name);
  expect(undescribed).toEqual([]);
  expect(problems({})).toEqual([]);
});

test.each<[string, string, string]>([
  ["RETRY_DELAYS", "5s,x", "'x' in '5s,x' is not a duration such as 5s, 2m or 1h"],
  ["RETRY_DELAYS", "10", "'10' in '10' is not a duration such as 5s, 2m or 1h"],
  ["RETRY_DELAYS", "10s,,1m", "'' in '10s,,1m' is not a duration such as 5s, 2m or 1h"],
  ["RETRY_DELAYS", " ", "'' in ' ' is not a duration such as 5s, 2m or 1h"],
  ["RETRY_DELAYS", "-5s", "'-5s' in '-5s' is not a duration such as 5s, 2m or 1h"],
  ["RETRY_DELAYS", "10s,0s", "must be longer than nothing (got '10s,0s')"],
  ["RETRY_JITTER", "1.1", "must be from 0 to 1 (got '1.1')"],
  ["RETRY_JITTER", "-0.1", "is not a number such as 0.1 (got '-0.1')"],
  ["RETRY_JITTER", "10%", "is not a number such as 0.1 (got '10%')"],
  ["DELIVERY_TIMEOUT", "30", "'30' is not a duration such as 500ms, 10s, 2m, 1h or 7d"],
  ["DELIVERY_TIMEOUT", "99ms", "must be at least 100ms (got '99ms')"],
  ["DELIVERY_TIMEOUT", "11m", "must be at most 10m (got '11m')"],
  ["SUCCESS_STATUS", "20x", "'20x' is not a list of statuses such as 200, 200,202 or 2xx"],
  ["SUCCESS_STATUS", "200,", "'200,' is not a list of statuses such as 200, 200,202 or 2xx"],
  ["MAX_IN_FLIGHT", "0", "must be at least 1 (got '0')"],
  ["MAX_IN_FLIGHT", "65537", "must be at most 65536 (got '65537')"],
  ["MAX_IN_FLIGHT", "many", "is not a whole number (got 'many')"],
  ["ENDPOINT_MAX_IN_FLIGHT", "0", "must be at least 1 (got '0')"],
  ["ENDPOINT_MAX_IN_FLIGHT", "1.5", "is not a whole number (got '1.5')"],
  ["DENIED_CIDRS", "8.8.8.8", "'8.8.8.8' in '8.8.8.8' is not a CIDR such as 10.0.0.0/8"],
  ["ADMIN_PORT", "65536", "must be at most 65535 (got '65536')"],
  ["ADMIN_PORT", "http", "is not a whole number (got 'http')"],
])("%s: '%s' is refused with value, place and expectation", (name, value, message) => {
  expect(problems({ [name]: value })).toEqual([`${name}: ${message}`]);
});

const list = (n: number): string => Array.from({ length: n }, () => "1s").join(",");

test("at most 20 retries can be asked for", () => {
  expect(readDispatcherSettings({ ...PLAIN, RETRY_DELAYS: list(20) }).RETRY_DELAYS).toHaveLength(
    20,
  );
  const got = `(got '${list(21)}')`;
  expect(problems({ RETRY_DELAYS: list(21) })).toEqual([
    `RETRY_DELAYS: must be at most 20 delays ${got}`,
  ]);
});

test("it is to be said how secrets are stored: with keys, or in plain text", () => {
  const neither = { ALLOW_PLAINTEXT_HEADERS: "false" };
  expect(problems(neither)).toEqual([
    expect.stringMatching(/^HEADER_ENCRYPTION_KEYS_FILE: is required: .*ALLOW_PLAINTEXT_HEADERS/),
  ]);
  expect(problems({ ...neither, RETRY_JITTER: "x" })).toHaveLength(2);
  expect(problems({ ...neither, HEADER_ENCRYPTION_KEYS_FILE: "/keys.json" })).toEqual([]);
});

describe("RETRY_DELAYS", () => {
  test("none makes one attempt and no retry", () => {
    expect(readDispatcherSettings({ ...PLAIN, RETRY_DELAYS: "none" }).RETRY_DELAYS).toEqual([]);
  });

  test("that is empty counts as not set", () => {
    const { RETRY_DELAYS } = readDispatcherSettings({ ...PLAIN, RETRY_DELAYS: "" });
    expect(RETRY_DELAYS).toEqual([10_000, 60_000, 120_000]);
  });
});

test("everything that is wrong is said together", () => {
  const environment = {
    RETRY_DELAYS: "a,b",
    RETRY_JITTER: "2",
    NATS_URL: "x",
    STREAM_REPLICAS: "0",
  };
  expect(problems(environment).map((line) => line.split(":")[0])).toEqual([
    "NATS_URL",
    "STREAM_REPLICAS",
    "RETRY_DELAYS",
    "RETRY_DELAYS",
    "RETRY_JITTER",
  ]);
});

test("events and records have to be kept as long as a delivery may take", () => {
  // 190 s of delays with a tenth more, and four attempts of 30 s.
  const needed = "expected at least as much";
  expect(problems({ EVENTS_MAX_AGE: "329s", ATTEMPTS_MAX_AGE: "329s" })).toEqual([]);
  expect(problems({ EVENTS_MAX_AGE: "328s" })).toEqual([
    `EVENTS_MAX_AGE: is 328s, but RETRY_DELAYS, RETRY_JITTER and DELIVERY_TIMEOUT allow a delivery to take 329s: ${needed}`,
  ]);
  expect(problems({ ATTEMPTS_MAX_AGE: "5m" })[0]).toMatch(/^ATTEMPTS_MAX_AGE: is 300s/);
  // With a schedule that is itself wrong there is nothing to compare with.
  expect(problems({ EVENTS_MAX_AGE: "1s", RETRY_DELAYS: "x" })).toHaveLength(1);
});

test("a certificate for NATS without its key, or with another's, is refused with all the rest", async () => {
  const ca = await makeTestCa();
  const issued = await Promise.all(["one", "other"].map((hostname) => ca.issue({ hostname })));
  const cert = await writeTempFile("cert.pem", issued[0]?.certPem ?? "");
  const keys = await Promise.all(issued.map(({ keyPem }) => writeTempFile("key.pem", keyPem)));
  const pair = (key = "") => problems({ NATS_TLS_CERT_FILE: cert, NATS_TLS_KEY_FILE: key });
  expect(pair(keys[0])).toEqual([]);
  expect(pair(keys[1])[0]).toContain("is not the key of the first certificate");
  expect(pair()).toEqual(["NATS_TLS_KEY_FILE: is required, as NATS_TLS_CERT_FILE is set"]);
  expect(problems({ NATS_TLS_KEY_FILE: keys[0] ?? "", MAX_INFLIGHT: "9" })).toEqual([
    "NATS_TLS_CERT_FILE: is required, as NATS_TLS_KEY_FILE is set",
    "MAX_INFLIGHT: is not a setting, and nothing reads it: MAX_IN_FLIGHT is one",
  ]);
});

test("a name that is like a setting's is told, and does not keep the dispatcher from starting", () => {
  expect(problems({ MAX_INFLIGHT: "9" })).toEqual([]);
  expect(unknownDispatcherSettings({ MAX_INFLIGHT: "9" })).toEqual([
    { name: "MAX_INFLIGHT", meant: "MAX_IN_FLIGHT" },
  ]);
});
