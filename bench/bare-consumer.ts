import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { arrivalLog, type Arrivals } from "./arrivals.ts";
import { answerCalls } from "./calls.ts";
import { monotonicUs } from "./clock.ts";
import { BARE_SUBJECT, MARK_CHARACTERS, markIn } from "./payload.ts";

export type BareConsumerCalls = {
  /** Makes a stream for itself, and a durable consumer, and consumes and acknowledges from then on. */
  readonly start: (input: { readonly url: string }) => Promise<void>;
  readonly count: (input: undefined) => number;
  readonly take: (input: undefined) => Arrivals;
};

const STREAM = "BARE";
const log = arrivalLog();
let count = 0;

const calls: BareConsumerCalls = {
  start: async ({ url }) => {
    const nc = await connect({ servers: url, name: "bench-bare-consumer", noAsyncTraces: true });
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: STREAM, subjects: [BARE_SUBJECT] });
    await jsm.consumers.add(STREAM, { durable_name: STREAM, ack_policy: AckPolicy.Explicit });
    const consumer = await jetstream(nc).consumers.get(STREAM, STREAM);
    await consumer.consume({
      max_messages: 1_000,
      callback: (message) => {
        const arrivedUs = monotonicUs();
        const mark = markIn(new TextDecoder().decode(message.data.subarray(0, MARK_CHARACTERS)));
        if (mark !== undefined) {
          const arrivedWallMs = Date.now();
          log.add({ ...mark, agent: 0, arrivedUs, arrivedWallMs, isAccepted: true });
        }
        count += 1;
        message.ack();
      },
    });
  },
  count: () => count,
  take: () => log.take(),
};

answerCalls(calls);
