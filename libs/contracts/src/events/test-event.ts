import { TRIGGER_HEADER } from "../deliveries/retry-message.ts";

/** Calls of test events are named so: nobody made them. */
export const TEST_CALL_PREFIX = "test-";

/** What marks an event as a test, beside what the producer's library writes. */
export const TEST_EVENT_HEADERS: ReadonlyArray<readonly [string, string]> = [
  [TRIGGER_HEADER, "test"],
];

/** True for an event that somebody sent to try their endpoint (`get` returns "" for no header). */
export const isTestEvent = (get: (name: string) => string): boolean =>
  get(TRIGGER_HEADER) === "test";
