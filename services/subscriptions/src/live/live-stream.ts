import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Caller } from "../http/auth/credential.ts";
import type { Sight } from "../sight/decide/sight.ts";
import { streamState } from "../streams/read-stream.ts";
import { positionIn, type LivePosition, type LiveStreams } from "./decide/position.ts";
import { followLive, type FollowDeps } from "./follow.ts";
import type { Admission, LiveConnections } from "./connections.ts";
import { liveSources, type StreamQuery } from "./live-sources.ts";

export type LiveStream = {
  /** Opens a connection; `lastEventId` is the client's position in an earlier one. */
  readonly open: (
    caller: Caller,
    headers: IncomingHttpHeaders,
    query: Omit<StreamQuery, "sight">,
    lastEventId: string | undefined,
  ) => Promise<OpenedLive>;
  readonly stop: () => void;
};

export type OpenedLive =
  | { readonly kind: "open"; readonly body: Readable }
  | { readonly kind: "invalid_position" }
  | Exclude<Admission, { kind: "admitted" }>;

export type LiveStreamDeps = FollowDeps & {
  readonly connections: LiveConnections;
  readonly streams: LiveStreams;
  /** The ids of the endpoints that are seen with these agents, as they are now. */
  readonly endpointsSeenBy: (sight: Sight) => ReadonlySet<string>;
};

/** Sends attempts and events to clients as they are stored. */
export const liveStream = (deps: LiveStreamDeps): LiveStream => {
  const { connections, streams, endpointsSeenBy, log } = deps;
  return {
    stop: connections.stop,
    open: async (caller, headers, query, lastEventId) => {
      const last = lastEventId === undefined ? undefined : positionIn(lastEventId, streams);
      if (last?.kind === "invalid") return { kind: "invalid_position" };
      const bounds = await boundsOf(deps);
      const isBeyond = last?.kind === "position" && isAfter(last.position, bounds.last);
      const isKnown = last?.kind === "position" && !isBeyond;
      const from = isKnown ? last.position : bounds.last;
      const admission = connections.admit(caller, headers, from, streams);
      if (admission.kind !== "admitted") return admission;
      const { connection } = admission;
      for (const of of query.include) {
        // Messages that have expired meanwhile, or were on another stream, cannot be counted.
        const isUnknown = last !== undefined && (!isKnown || from[of] + 1 < bounds.first[of]);
        if (isUnknown) connection.send("missed", { of, count: null }, {});
      }
      const { workspaceId, agents } = caller;
      const sight = (): Sight =>
        agents === undefined
          ? { workspaceId }
          : { workspaceId, agents, endpoints: endpointsSeenBy({ workspaceId, agents }) };
      const target = { from, streams, connection, viewer: caller };
      for (const source of liveSources({ ...query, sight }, target)) {
        followLive(source, connection, deps).catch((error: unknown) => {
          log.error(
            { err: error, stream: source.stream, workspace_id: workspaceId },
            "stream.failed",
          );
          connection.body.destroy();
        });
      }
      return { kind: "open", body: connection.body };
    },
  };
};

type Bounds = { readonly first: LivePosition; readonly last: LivePosition };

const boundsOf = async ({ nats }: FollowDeps): Promise<Bounds> => {
  const [attempts, events] = await Promise.all([
    streamState(nats, STREAMS.attempts),
    streamState(nats, STREAMS.events),
  ]);
  return {
    first: { attempts: attempts.first_seq, events: events.first_seq },
    last: { attempts: attempts.last_seq, events: events.last_seq },
  };
};

const isAfter = (one: LivePosition, other: LivePosition): boolean =>
  one.attempts > other.attempts || one.events > other.events;
