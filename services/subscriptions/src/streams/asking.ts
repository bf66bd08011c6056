import type { Nats } from "@ringback/runtime/nats/connection";
import { refuseWhileDisconnected, within } from "./ask.ts";

const ANSWER_TIMEOUT_MS = 2_000;

/** Asks NATS; throws an error that `isUnavailable` knows when it cannot be asked or is slow to answer. */
export const asked = <T>(nats: Nats, what: string, ask: () => Promise<T>): Promise<T> => {
  refuseWhileDisconnected(nats);
  return within(ANSWER_TIMEOUT_MS, what, ask());
};
