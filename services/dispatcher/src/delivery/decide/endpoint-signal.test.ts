import { describe, expect, test } from "vitest";
import type { FailureReason } from "@ringback/contracts/deliveries/attempt";
import { endpointSignals } from "./endpoint-signal.ts";
import { NO_RESPONSE_IN_TIME, type SendResult } from "../../send/result.ts";

const response = (code: number): SendResult => ({
  kind: "response",
  status: code,
  headers: {},
  bodyText: "",
  durationMs: 1,
});

const none = (reason: FailureReason, detail = "x"): SendResult => ({
  kind: "no_response",
  reason,
  detail,
  unreachable: false,
  durationMs: 1,
});

describe("an answer shows that the host is well, and", () => {
  test.each([200, 204, 301, 400, 404, 410, 422])("%i that the destination is", (code) => {
    expect(endpointSignals(response(code))).toEqual({ destination: "success", origin: "success" });
  });

  test.each([429, 502, 503, 504])("%i that the destination fails", (code) => {
    expect(endpointSignals(response(code))).toEqual({ destination: "failure", origin: "success" });
  });

  test("a plain 500 nothing of the destination", () => {
    expect(endpointSignals(response(500))).toEqual({ destination: "neutral", origin: "success" });
  });
});

test.each(["dns", "connection_refused", "connection_reset", "tls", "blocked_address"] as const)(
  "%s is the host's failure, and says nothing of one destination",
  (reason) => {
    expect(endpointSignals(none(reason))).toEqual({ destination: "neutral", origin: "failure" });
  },
);

test.each(["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"])("so is %s", (code) => {
  expect(endpointSignals(none("timeout", code)).origin).toBe("failure");
});

test.each([none("timeout", NO_RESPONSE_IN_TIME), none("protocol")])(
  "what is connected and does not answer well is the destination's failure: %o",
  (result) => {
    expect(endpointSignals(result)).toEqual({ destination: "failure", origin: "neutral" });
  },
);

test("a platform fault says nothing", () => {
  const own = { kind: "platform_fault", fault: "resources", detail: "x" } as const;
  expect(endpointSignals(own)).toEqual({ destination: "neutral", origin: "neutral" });
});
