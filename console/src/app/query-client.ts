import { onlineManager, QueryClient } from "@tanstack/react-query";
import { connection, onConnection } from "../api/connection.ts";
import { isPassing, ProblemError } from "../api/problem.ts";

const FRESH_MS = 5_000;
const LONGEST_WAIT_MS = 5_000;
/** Whoever asks for more is asked again all the same: a page that loads for an hour looks broken. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** Marks queries that keep themselves up to date: a list of many pages would read each of them again. */
export const GROWING = { isGrowing: true } as const;

/**
 * Reads again what the API did not respond to; a refusal is final, but for 429 and 503. Once the API is back, everything
 * in sight is read again.
 */
export const makeQueryClient = (): QueryClient => {
  // The browser's own word about the network says nothing of a server on the same machine.
  onlineManager.setOnline(true);
  onlineManager.setEventListener(() => () => undefined);
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        networkMode: "always",
        retry: (count, error) =>
          error instanceof ProblemError ? count < 3 && isPassing(error) : true,
        retryDelay: (count, error) =>
          retryAfterMs(error) ?? Math.min(LONGEST_WAIT_MS, 500 * 2 ** count),
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
  onConnection(() => {
    if (connection() !== "reachable") return;
    void client.invalidateQueries({ predicate: ({ meta }) => meta?.["isGrowing"] !== true });
  });
  return client;
};

const retryAfterMs = (error: unknown): number | undefined =>
  error instanceof ProblemError && error.retryAfterMs !== undefined
    ? Math.min(LONGEST_RETRY_AFTER_MS, error.retryAfterMs)
    : undefined;
