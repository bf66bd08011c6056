import type { IncomingHttpHeaders } from "node:http";
import { authenticate, type ApiKeys, type Caller } from "../http/auth/api-keys.ts";
import { liveReader, type EndReason, type LiveReader } from "./connection.ts";
import type { LivePosition, LiveStreams } from "./decide/position.ts";
import { concurrencyLimit } from "../http/concurrency-limit.ts";

export type Welcome =
  | { readonly kind: "reader"; readonly reader: LiveReader }
  | { readonly kind: "too_many_of_key" }
  | { readonly kind: "too_many_of_workspace" }
  | { readonly kind: "too_many" };

/** All who read along in this process. */
export type LiveReaders = {
  /** Lets one more in, with the headers that proved who calls. */
  readonly welcome: (
    caller: Caller,
    headers: IncomingHttpHeaders,
    from: LivePosition,
    streams: LiveStreams,
  ) => Welcome;
  readonly count: () => number;
  /** Says goodbye to all, and lets nobody in any more. */
  readonly stop: () => void;
};

export type LiveReadersDeps = { readonly keys: () => ApiKeys; readonly now: () => Date };

export const MAX_PER_KEY = 10;
export const MAX_READERS = 500;
/** Fewer where there are few left: see `places`. */
export const MAX_PER_WORKSPACE = 50;

const LOOK_EVERY_MS = 1_000;

/** Every so many looks: connections without a byte for 30 s are closed, here and by proxies. */
const HEARTBEAT_LOOKS = 10;

type Guest = {
  readonly reader: LiveReader;
  readonly caller: Caller;
  readonly headers: IncomingHttpHeaders;
};

/** Nobody yet. Looks every second whether each one's key is still good, for as long as there is one. */
export const liveReaders = ({ keys, now }: LiveReadersDeps): LiveReaders => {
  const guests = new Set<Guest>();
  const acquire = concurrencyLimit({ inAll: MAX_READERS, perWorkspace: MAX_PER_WORKSPACE });
  let timer: NodeJS.Timeout | undefined;
  let looks = 0;
  let isStopped = false;
  const look = (): void => {
    looks += 1;
    for (const { reader, caller, headers } of guests) {
      if (!isStillGood(caller, headers, keys(), now())) reader.end("key_not_valid");
      else if (looks % HEARTBEAT_LOOKS === 0) reader.heartbeat();
    }
  };
  const leave = (guest: Guest): void => {
    guests.delete(guest);
    if (guests.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    count: () => guests.size,
    welcome: (caller, headers, from, streams) => {
      if (isStopped || guests.size >= MAX_READERS) return { kind: "too_many" };
      const ofKey = [...guests].filter((guest) => guest.caller.keyId === caller.keyId);
      if (ofKey.length >= MAX_PER_KEY) return { kind: "too_many_of_key" };
      const giveBack = acquire(caller.workspaceId);
      if (giveBack === undefined) return { kind: "too_many_of_workspace" };
      const guest = { reader: liveReader(from, streams), caller, headers };
      guests.add(guest);
      guest.reader.body.once("close", () => {
        giveBack();
        leave(guest);
      });
      timer ??= setInterval(look, LOOK_EVERY_MS);
      return { kind: "reader", reader: guest.reader };
    },
    stop: () => {
      isStopped = true;
      for (const { reader } of guests) reader.end("stopping" satisfies EndReason);
    },
  };
};

/** A key that was revoked, has expired, or is another workspace's by now. */
const isStillGood = (
  caller: Caller,
  headers: IncomingHttpHeaders,
  keys: ApiKeys,
  now: Date,
): boolean => {
  const again = authenticate(headers, keys, now.getTime());
  return again?.workspaceId === caller.workspaceId && again.scopes.has("read");
};
