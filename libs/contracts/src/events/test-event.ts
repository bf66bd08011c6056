import { TRIGGER_HEADER } from "../deliveries/retry-message.ts";

/** Prefix of the call ids of test events: no such call exists. */
export const TEST_CALL_PREFIX = "test-";

/** The header that marks a test event. */
export const TEST_EVENT_HEADERS: ReadonlyArray<readonly [string, string]> = [
  [TRIGGER_HEADER, "test"],
];

/** True for a test event (`get` returns "" for a missing header). */
export const isTestEvent = (get: (name: string) => string): boolean =>
  get(TRIGGER_HEADER) === "test";
