import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { decodeAttempt, decodeDeadLetter } from "@ringback/contracts/deliveries/decode";
import {
  deliveryIdInAttemptSubject,
  STREAMS,
  type StreamName,
} from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { readPage, type BatchMessage } from "@ringback/runtime/streams/read-batch";
import { refuseWhileDisconnected } from "./ask.ts";
import type { StoredAttempt } from "./decode.ts";

type Numbered = { readonly seq: number };

/** Loads the records that rows of the index stand for, in their order; leaves out what has expired. */
export type RecordLoader = {
  readonly attempts: (rows: readonly Numbered[]) => Promise<StoredAttempt[]>;
  readonly deadLetters: (rows: readonly Numbered[]) => Promise<DeadLetter[]>;
};

/** Requests in flight for one page. */
const MAX_IN_FLIGHT = 32;

/** An unreadable record has no row, so nobody logs it here. */
export const recordLoader = (nats: Nats): RecordLoader => ({
  attempts: (rows) =>
    loadEach(nats, STREAMS.attempts, rows, ({ subject, seq, data }) => {
      const { value: record } = decodeAttempt(data);
      const deliveryId = deliveryIdInAttemptSubject(subject);
      if (record === undefined || deliveryId === undefined) return undefined;
      return { seq, deliveryId, record };
    }),
  deadLetters: (rows) =>
    loadEach(nats, STREAMS.deadLetters, rows, ({ data }) => decodeDeadLetter(data).value),
});

const loadEach = async <T>(
  nats: Nats,
  stream: StreamName,
  rows: readonly Numbered[],
  read: (message: BatchMessage) => T | undefined,
): Promise<T[]> => {
  refuseWhileDisconnected(nats);
  const found = await mapConcurrently(rows, MAX_IN_FLIGHT, async ({ seq }) => {
    const [message] = await readPage(nats, stream, { filter: ">", from: seq, size: 1 });
    return message?.seq === seq ? read(message) : undefined; // else it is gone
  });
  return found.filter((one) => one !== undefined);
};
