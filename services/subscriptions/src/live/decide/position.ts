import { begunMs, type StreamOrigin } from "@ringback/contracts/streams/stream-origin";
/** A client's position in both streams: everything up to these sequences was sent. */
export type LivePosition = { readonly attempts: number; readonly events: number };

/** The origins of the two streams: sequences mean nothing on others. */
export type LiveStreams = { readonly attempts: StreamOrigin; readonly events: StreamOrigin };

export type ReadPosition =
  | { readonly kind: "position"; readonly position: LivePosition }
  /** The position is in streams that have been recreated since, so it says nothing about these. */
  | { readonly kind: "previous" }
  | { readonly kind: "invalid" };

const ageOf = ({ attempts, events }: LiveStreams): string =>
  [attempts, events].map((origin) => Math.floor(begunMs(origin) / 1_000).toString(36)).join("-");

/** The `id` of a server-sent event: opaque to clients, which send it back as `Last-Event-ID`. */
export const positionId = (position: LivePosition, streams: LiveStreams): string =>
  `${ageOf(streams)}.${position.attempts}.${position.events}`;

/** The position that a `Last-Event-ID` names. */
export const positionIn = (id: string, streams: LiveStreams): ReadPosition => {
  const match = /^([0-9a-z]{1,12}-[0-9a-z]{1,12})\.(\d{1,15})\.(\d{1,15})$/.exec(id);
  if (match === null) return { kind: "invalid" };
  const [, age, attempts, events] = match;
  if (age !== ageOf(streams)) return { kind: "previous" };
  return { kind: "position", position: { attempts: Number(attempts), events: Number(events) } };
};
