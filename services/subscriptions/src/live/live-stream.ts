import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Caller } from "../http/auth/api-keys.ts";
import { positionIn, type LivePosition, type LiveStreams } from "./decide/position.ts";
import { followLive, type FollowDeps } from "./follow.ts";
import type { LiveReaders, Welcome } from "./connections.ts";
import { liveSources, type LiveWish } from "./live-sources.ts";

export type LiveStream = {
  /** The answer to one who wants to read along; `lastEventId` is where it was before. */
  readonly open: (
    caller: Caller,
    headers: IncomingHttpHeaders,
    wish: LiveWish,
    lastEventId: string | undefined,
  ) => Promise<OpenedLive>;
  readonly stop: () => void;
};

export type OpenedLive =
  | { readonly kind: "open"; readonly body: Readable }
  | { readonly kind: "invalid_position" }
  | Exclude<Welcome, { kind: "reader" }>;

export type LiveStreamDeps = FollowDeps & {
  readonly readers: LiveReaders;
  readonly streams: LiveStreams;
};

/** Tells readers of attempts and events as they are stored. */
export const liveStream = (deps: LiveStreamDeps): LiveStream => {
  const { readers, streams, log } = deps;
  return {
    stop: readers.stop,
    open: async (caller, headers, wish, lastEventId) => {
      const asked = lastEventId === undefined ? undefined : positionIn(lastEventId, streams);
      if (asked?.kind === "invalid") return { kind: "invalid_position" };
      const bounds = await boundsOf(deps);
      const isBeyond = asked?.kind === "position" && isAfter(asked.position, bounds.last);
      const isKnown = asked?.kind === "position" && !isBeyond;
      const from = isKnown ? asked.position : bounds.last;
      const welcome = readers.welcome(caller, headers, from, streams);
      if (welcome.kind !== "reader") return welcome;
      const { reader } = welcome;
      for (const of of wish.include) {
        // What has aged out meanwhile, or was on another stream, cannot be counted.
        const isUnknown = asked !== undefined && (!isKnown || from[of] + 1 < bounds.first[of]);
        if (isUnknown) reader.tell("missed", { of, count: null }, {});
      }
      for (const source of liveSources(wish, from, streams, reader)) {
        followLive(source, reader, deps).catch((error: unknown) => {
          log.error({ err: error, stream: source.stream }, "stream.failed");
          reader.body.destroy();
        });
      }
      return { kind: "open", body: reader.body };
    },
  };
};

type Bounds = { readonly first: LivePosition; readonly last: LivePosition };

const boundsOf = async ({ nats }: FollowDeps): Promise<Bounds> => {
  const [attempts, events] = await Promise.all(
    [STREAMS.attempts, STREAMS.events].map(
      async (name) => (await nats.jsm.streams.info(name)).state,
    ),
  );
  return {
    first: { attempts: attempts?.first_seq ?? 0, events: events?.first_seq ?? 0 },
    last: { attempts: attempts?.last_seq ?? 0, events: events?.last_seq ?? 0 },
  };
};

const isAfter = (one: LivePosition, other: LivePosition): boolean =>
  one.attempts > other.attempts || one.events > other.events;
