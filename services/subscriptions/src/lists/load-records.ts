import { Buffer } from "node:buffer";
import { attemptRecordSchema, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { deadLetterSchema, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import {
  deliveryIdInAttemptSubject,
  STREAMS,
  type StreamName,
} from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { readPage, type BatchMessage } from "@ringback/runtime/streams/read-batch";
import type { z } from "zod";
import { refuseWhileDisconnected } from "../streams/ask.ts";

type Numbered = { readonly seq: number };

export type ListedAttempt = {
  readonly seq: number;
  readonly deliveryId: string;
  readonly record: AttemptRecord;
};

/** What a page shows of its rows, read from the streams. What has expired meanwhile is left out. */
export type ListedMessages = {
  readonly attempts: (rows: readonly Numbered[]) => Promise<ListedAttempt[]>;
  readonly deadLetters: (rows: readonly Numbered[]) => Promise<DeadLetter[]>;
};

/** On their way at once for one page. */
const AT_ONCE = 32;

export const listedMessages = (nats: Nats): ListedMessages => ({
  attempts: (rows) =>
    ofEach(nats, STREAMS.attempts, rows, ({ subject, seq, data }) => {
      const record = valueIn(data, attemptRecordSchema);
      const deliveryId = deliveryIdInAttemptSubject(subject);
      return record === undefined || deliveryId === undefined
        ? undefined
        : { seq, deliveryId, record };
    }),
  deadLetters: (rows) =>
    ofEach(nats, STREAMS.deadLetters, rows, ({ data }) => valueIn(data, deadLetterSchema)),
});

/** What is read from each row's message, in the order of the rows. */
const ofEach = async <T>(
  nats: Nats,
  stream: StreamName,
  rows: readonly Numbered[],
  read: (message: BatchMessage) => T | undefined,
): Promise<T[]> => {
  refuseWhileDisconnected(nats);
  const found = await mapConcurrently(rows, AT_ONCE, async ({ seq }) => {
    const [message] = await readPage(nats, stream, { filter: ">", from: seq, size: 1 });
    return message?.seq === seq ? read(message) : undefined; // else it is gone
  });
  return found.filter((one) => one !== undefined);
};

const valueIn = <T extends z.ZodType>(data: Uint8Array, schema: T): z.output<T> | undefined => {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // it was left out of the index, too
  }
};
