import { z } from "zod";
import type { StreamName } from "./subjects.ts";

/**
 * Since when a stream has had its messages: since it was created, and since each restore from a backup, in the order of time.
 * A stream that was restored gives the sequences after those of the backup a second time, to other messages.
 */
export type StreamOrigin = readonly [Beginning, ...Beginning[]];

/** Messages after this sequence came after this time, in ms since 1970, unless a later beginning has them. */
type Beginning = { readonly atMs: number; readonly afterSeq: number };

/** The origin of a stream that was never restored. */
export const createdAt = (atMs: number): StreamOrigin => [{ atMs, afterSeq: 0 }];

/** The last beginning, in ms since 1970: tells a stream from another of its name, and from itself before a restore. */
export const begunMs = (origin: StreamOrigin): number => (origin.at(-1) ?? origin[0]).atMs;

/** What the server says of a stream, as far as it tells its origin. */
type StreamDates = {
  readonly created: string;
  readonly config: { readonly metadata?: Record<string, string> | undefined };
};

/** The origin of each stream: tells a stream from another of the same name. */
export type StreamOrigins = ReadonlyMap<StreamName, StreamOrigin>;

type Metadata = Readonly<Record<string, string>> | undefined;

/** Metadata of a stream in a backup: when it was created, which a cluster does not keep over a restore. */
const CREATED = "ringback-created";

/** Metadata of a stream that was restored: for each restore the last sequence of the backup, and when it was, in ms since 1970. */
const RESTORED = "ringback-restored";

const restoredSchema = z.array(z.tuple([z.number(), z.number()]));

/** Since when a stream has had its messages. Ids of events are made of it. */
export const originOf = ({ created, config }: StreamDates): StreamOrigin => {
  const [first] = createdAt(Date.parse(config.metadata?.[CREATED] ?? created));
  return [first, ...restoresIn(config.metadata).map(([afterSeq, atMs]) => ({ afterSeq, atMs }))];
};

/** The origin of a stream that a start has found or made. */
export const originIn = (origins: StreamOrigins, name: StreamName): StreamOrigin => {
  const origin = origins.get(name);
  if (origin === undefined) throw new Error(`stream ${name} was not looked for at the start`);
  return origin;
};

/** A stream's metadata as a backup has it. */
export const metadataInBackup = ({ created, config }: StreamDates): Record<string, string> => ({
  [CREATED]: created,
  ...config.metadata,
});

/** Ids of events have whole seconds. */
const ID_STEP_MS = 1_000;

/** The metadata of a backup's stream once it is restored: what comes after `lastSeq` is new. */
export const metadataOnceRestored = (
  metadata: Metadata,
  lastSeq: number,
  nowMs: number,
): Record<string, string> => {
  const before = restoresIn(metadata);
  const lastMs = before.at(-1)?.[1] ?? Date.parse(metadata?.[CREATED] ?? "");
  const atMs = Number.isNaN(lastMs) ? nowMs : Math.max(nowMs, lastMs + ID_STEP_MS);
  return { ...metadata, [RESTORED]: JSON.stringify([...before, [lastSeq, atMs]]) };
};

const restoresIn = (metadata: Metadata): z.infer<typeof restoredSchema> => {
  const text = metadata?.[RESTORED];
  return text === undefined ? [] : restoredSchema.parse(JSON.parse(text));
};
