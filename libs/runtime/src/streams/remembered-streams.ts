import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import { isStreamName, type StreamName } from "@ringback/contracts/streams/subjects";
import type { Logger } from "../telemetry/logger.ts";
import { isForbidden } from "../nats/errors.ts";

/** On every stream: the names of all that there were, so that any of them tells of one that is lost. */
const REMEMBERED = "ringback-streams";

const namesOn = ({ config }: StreamInfo): readonly StreamName[] =>
  (config.metadata?.[REMEMBERED] ?? "").split(",").filter(isStreamName);

/** Streams that there were by what the others remember, and that are not there any more. */
export const lostStreams = (
  found: ReadonlyMap<StreamName, StreamInfo | undefined>,
): StreamName[] => {
  const there = [...found.values()].filter((info) => info !== undefined);
  const remembered = new Set(there.flatMap(namesOn));
  return [...remembered].filter((name) => found.has(name) && found.get(name) === undefined);
};

/**
 * Notes on each stream the names of all; what others noted before stays. Only once all are there: one that
 * a start was killed before making would otherwise count as lost.
 */
export const rememberStreams = async (
  jsm: JetStreamManager,
  all: readonly StreamInfo[],
  log: Logger,
): Promise<void> => {
  const names = new Set([...all.map(({ config }) => config.name), ...all.flatMap(namesOn)]);
  const text = [...names].toSorted().join(",");
  const others = all.filter(({ config }) => config.metadata?.[REMEMBERED] !== text);
  await Promise.all(
    others.map(async ({ config }) => {
      try {
        const metadata = { ...config.metadata, [REMEMBERED]: text };
        await jsm.streams.update(config.name, { ...config, metadata });
      } catch (error) {
        // Whoever may makes the note: the other service, or the operator who made the stream.
        if (!isForbidden(error)) throw error;
        log.debug({ stream: config.name }, "streams.not_remembered");
      }
    }),
  );
};
