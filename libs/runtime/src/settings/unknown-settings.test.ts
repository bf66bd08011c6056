import { expect, test } from "vitest";
import { unknownSettings } from "./unknown-settings.ts";

const SETTINGS = ["MAX_IN_FLIGHT", "RETRY_DELAYS", "HTTP_PORT", "NATS_URL", "NATS_URL_FILE"];

test.each([
  ["MAX_INFLIGHT", "MAX_IN_FLIGHT"],
  ["max_in_flight", "MAX_IN_FLIGHT"],
  ["MAX_IN_FLIGTH", "MAX_IN_FLIGHT"],
  ["RETRY_DELAY", "RETRY_DELAYS"],
  ["NATS_URLS", "NATS_URL"],
])("%s is no setting, and %s is one", (name, meant) => {
  expect(unknownSettings(SETTINGS, { [name]: "1" })).toEqual([{ name, meant }]);
});

test("what others set in an environment is not ours to judge", () => {
  const foreign = {
    HOSTNAME: "ringback-dispatcher-7d4b9",
    HTTP_PROXY: "http://proxy:3128",
    NATS_PORT: "tcp://10.0.0.1:4222",
    NATS_SERVICE_HOST: "10.0.0.1",
    NATS_PORT_4222_TCP_ADDR: "10.0.0.1",
    NODE_OPTIONS: "--max-old-space-size=256",
    PORT: "8080",
    PATH: "/usr/bin",
    _: "/usr/bin/node",
  };
  expect(unknownSettings(SETTINGS, foreign)).toEqual([]);
});

test("a name that is only like a setting that is set is somebody else's; the same letters are not", () => {
  const environment = {
    HTTP_PORT: "8080",
    HTTPS_PORT: "8443",
    MAX_IN_FLIGHT: "9",
    MAX_INFLIGHT: "1",
  };
  expect(unknownSettings(SETTINGS, environment)).toEqual([
    { name: "MAX_INFLIGHT", meant: "MAX_IN_FLIGHT" },
  ]);
  expect(unknownSettings(SETTINGS, { MAX_INFLIGHT: "" })).toEqual([]);
});
