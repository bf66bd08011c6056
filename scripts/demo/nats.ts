import {
  DISPATCHER_CONSUMER,
  STREAMS,
  type StreamName,
} from "@ringback/contracts/streams/subjects";
import { jetstream, jetstreamManager, type ConsumerMessages, type JsMsg } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { z } from "zod";
import type { SampleEvent } from "./events.ts";
import { explain } from "../local/wait.ts";

export type DemoNats = AsyncDisposable & {
  /** Publishes as a producer does; returns the event's sequence on EVENTS. */
  readonly publish: (sample: SampleEvent) => Promise<number>;
  /**
   * Everything on a stream, from its first message on and then as it comes. What does not fit the
   * schema goes to `onUnreadable`: an error thrown in here would end in the client, unseen.
   */
  readonly watch: <T>(
    stream: StreamName,
    schema: z.ZodType<T>,
    onMessage: (value: T) => void,
    onUnreadable: (problem: string) => void,
  ) => Promise<void>;
  /** What the dispatcher still has to do: "2 retries waiting, 1 event unfinished"; undefined: nothing. */
  readonly unfinished: () => Promise<string | undefined>;
};

/** The demo's own connection to NATS: the producer's side, and a look at what was recorded. */
export const connectDemoNats = async (natsUrl: string): Promise<DemoNats> => {
  const connection = await connect({ servers: natsUrl, name: "demo", timeout: 5_000 });
  const js = jetstream(connection, { timeout: 5_000 });
  const watches: ConsumerMessages[] = [];
  return {
    publish: async ({ message }) => {
      const { messageId: msgID } = message;
      const { seq, duplicate } = await js.publish(message.subject, message.body, { msgID });
      if (duplicate) throw new Error(`event ${msgID} is a duplicate in a stream that was empty`);
      return seq;
    },
    watch: async (stream, schema, onMessage, onUnreadable) => {
      const consumer = await js.consumers.get(stream, {});
      const callback = (message: JsMsg): void => {
        try {
          onMessage(schema.parse(message.json()));
        } catch (error) {
          onUnreadable(`message ${message.seq} of ${stream}: ${explain(error)}`);
        }
      };
      watches.push(await consumer.consume({ callback }));
    },
    unfinished: async () => {
      const jsm = await jetstreamManager(connection, { timeout: 5_000 });
      const { state } = await jsm.streams.info(STREAMS.retries);
      const events = await jsm.consumers.info(STREAMS.events, DISPATCHER_CONSUMER);
      const open = events.num_pending + events.num_ack_pending;
      return state.messages + open === 0
        ? undefined
        : `${state.messages} retries waiting, ${open} events unfinished`;
    },
    [Symbol.asyncDispose]: async () => {
      for (const messages of watches) messages.stop();
      await connection.close();
    },
  };
};
