import type { IdempotencyMark } from "@ringback/contracts/streams/request-record";

/** The author of a change, and its time (RFC 3339). */
export type ChangeMetadata = { readonly actor: string; readonly occurred_at: string };

/**
 * The events of these changes, in order; `next` gives each with the state that it leads to. The last event has the
 * idempotency marker: with it the whole request is done.
 */
export const eventsOf = <State, Change, Event extends object>(
  changes: readonly Change[],
  before: State,
  idempotency: IdempotencyMark | undefined,
  next: (state: State, change: Change) => { readonly state: State; readonly event: Event },
): Event[] => {
  const events: Event[] = [];
  let state = before;
  for (const change of changes) {
    const after = next(state, change);
    events.push(after.event);
    state = after.state;
  }
  const last = events.pop();
  if (last === undefined) return [];
  return [...events, idempotency === undefined ? last : { ...last, idempotency }];
};
