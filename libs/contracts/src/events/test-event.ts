import { isEndpointId } from "../endpoints/endpoint-id.ts";
import { TRIGGER_HEADER } from "../deliveries/retry-message.ts";

/** Prefix of the call ids of test events: no such call exists. */
export const TEST_CALL_PREFIX = "test-";

/** The header that marks a test event. */
export const TEST_EVENT_HEADERS: ReadonlyArray<readonly [string, string]> = [
  [TRIGGER_HEADER, "test"],
];

/** Beside it: the one endpoint that a test event is for, in place of its agent's subscription. */
const TESTED_ENDPOINT_HEADER = "Ringback-Endpoint-Id";

/** The headers of a test event for one endpoint. */
export const endpointTestHeaders = (
  endpointId: string,
): ReadonlyArray<readonly [string, string]> => [
  ...TEST_EVENT_HEADERS,
  [TESTED_ENDPOINT_HEADER, endpointId],
];

/** The endpoint that a test event is for; undefined: its agent's subscription. */
export const testedEndpoint = (get: (name: string) => string): string | undefined => {
  const id = get(TESTED_ENDPOINT_HEADER);
  return isEndpointId(id) ? id : undefined;
};

/** True for a test event (`get` returns "" for a missing header). */
export const isTestEvent = (get: (name: string) => string): boolean =>
  get(TRIGGER_HEADER) === "test";
