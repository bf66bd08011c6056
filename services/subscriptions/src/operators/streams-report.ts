import { isStreamNotFound } from "@ringback/runtime/nats/errors";
import type { ConsumerInfo, StreamInfo } from "@nats-io/jetstream";
import { STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { ask } from "../streams/ask.ts";

/** A stream as its server has it; without an info there is none. */
export type StreamReport = {
  readonly name: StreamName;
  readonly info: StreamInfo | undefined;
  readonly consumers: readonly ConsumerInfo[];
};

/** Requests under way at once. */
const AT_ONCE = 4;

/** All streams of Ringback. */
export const readStreams = (nats: Nats): Promise<StreamReport[]> =>
  mapConcurrently(Object.values(STREAMS), AT_ONCE, async (name) => {
    try {
      const info = await ask(nats, `reading ${name}`, () => nats.jsm.streams.info(name));
      // The first page: at most 256. Beside the dispatchers' own they are of readers, which come and go.
      const consumers = await ask(nats, `reading the consumers of ${name}`, () =>
        nats.jsm.consumers.list(name).next(),
      );
      return { name, info, consumers };
    } catch (error) {
      if (!isStreamNotFound(error)) throw error;
      return { name, info: undefined, consumers: [] };
    }
  });
