import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import { isStreamName, type StreamName } from "@ringback/contracts/streams/subjects";
import type { Logger } from "../telemetry/logger.ts";
import { isForbidden } from "../nats/errors.ts";

/** Metadata on every stream: the names of all, so that any of them shows which one is lost. */
const REMEMBERED = "ringback-streams";

const namesOn = ({ config }: StreamInfo): readonly StreamName[] =>
  (config.metadata?.[REMEMBERED] ?? "").split(",").filter(isStreamName);

/** Missing streams that the others remember. */
export const lostStreams = (
  found: ReadonlyMap<StreamName, StreamInfo | undefined>,
): StreamName[] => {
  const there = [...found.values()].filter((info) => info !== undefined);
  const remembered = new Set(there.flatMap(namesOn));
  return [...remembered].filter((name) => found.has(name) && found.get(name) === undefined);
};

/**
 * Stores the names of all streams on each; earlier names stay. Call it once all exist: otherwise a start that was
 * killed halfway would leave streams that count as lost.
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
        // The other service, or the operator who created the stream, may do it.
        if (!isForbidden(error)) throw error;
        log.debug({ stream: config.name }, "streams.not_remembered");
      }
    }),
  );
};
