import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { UnavailableStreamError } from "@ringback/runtime/nats/errors";
import { readLast } from "@ringback/runtime/nats/publish";
import { concurrencyLimit } from "@ringback/runtime/process/concurrency";
import type { LastMessage, LastPerSubject } from "@ringback/runtime/streams/last-per-subject";
import { sharedRequests } from "./shared-requests.ts";

/**
 * Confirmations at once while the view may be behind. Each may make the server read a block of 8 MiB: with a
 * whole burst's at once it would not report for seconds that the view has caught up, which makes them needless.
 */
const MAX_CONFIRMED_AT_ONCE = 16;

/** Confirms with SUBSCRIPTIONS what a view of it says. All throw where the stream does not reply. */
export const confirmations = (
  nats: Nats,
  following: LastPerSubject,
  apply: (message: LastMessage) => void,
) => {
  const last = (subject: string) => {
    const problem = following.unavailable();
    if (problem !== undefined) throw new UnavailableStreamError(problem);
    return readLast(nats, STREAMS.subscriptions, subject);
  };
  const confirm = sharedRequests(async (subject) => {
    const message = await last(subject);
    if (message !== null) apply(message);
  });
  const limited = concurrencyLimit(MAX_CONFIRMED_AT_ONCE);
  const confirmUnlessCurrent = sharedRequests((subject) =>
    limited(() => (following.isCurrent() ? Promise.resolve() : confirm(subject))),
  );
  return {
    /** Applies the last message of a subject. */
    confirm,
    /** What is known of a subject: confirmed where that is nothing, or while the view may be behind. */
    confirmed: async <T>(subject: string, known: () => T | undefined): Promise<T | undefined> => {
      if (known() !== undefined && !following.isCurrent()) await confirmUnlessCurrent(subject);
      const found = known();
      if (found !== undefined) return found;
      await confirm(subject);
      return known();
    },
    /** Waits until the view has all that is stored by now on subjects with a wildcard. */
    caughtUpWith: sharedRequests(async (subjects) => {
      const message = await last(subjects);
      if (message === null || (await following.applied(message.seq))) return;
      throw new UnavailableStreamError("the view of endpoints is behind");
    }),
  };
};
