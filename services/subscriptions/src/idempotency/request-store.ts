import { Buffer } from "node:buffer";
import { randomUUIDv7 } from "node:crypto";
import {
  requestRecordSchema,
  type RequestRecord,
} from "@ringback/contracts/streams/request-record";
import { requestSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { publishOnce, type Published } from "@ringback/runtime/nats/publish";
import { ask } from "../streams/ask.ts";
import { lastMessage } from "../streams/read-stream.ts";

/** A request with an `Idempotency-Key`, by the hash of its key: keys themselves are not stored. */
export type RequestAddress = { readonly workspaceId: string; readonly keyHash: string };

/** The records of requests with an `Idempotency-Key`; throws as `AgentStore` does. */
export type RequestStore = {
  readonly read: (
    address: RequestAddress,
  ) => Promise<{ readonly record: RequestRecord; readonly seq: number } | undefined>;
  /** Stores the record unless another one came after `lastSeq`; 0: unless the key was used before. */
  readonly append: (
    address: RequestAddress,
    record: RequestRecord,
    lastSeq: number,
  ) => Promise<Published>;
};

/** The records on REQUESTS, read from the stream's leader: of two requests that claim a key one is first. */
export const requestStore = (
  nats: Nats,
  { admitKey }: { readonly admitKey: (workspaceId: string) => void },
): RequestStore => ({
  read: async ({ workspaceId, keyHash }) => {
    const subject = requestSubject(workspaceId, keyHash);
    const message = await lastMessage(nats, STREAMS.requests, subject);
    if (message === null) return undefined;
    const json: unknown = JSON.parse(Buffer.from(message.data).toString("utf8"));
    return { record: requestRecordSchema.parse(json), seq: message.seq };
  },
  append: async ({ workspaceId, keyHash }, record, lastSeq) => {
    const subject = requestSubject(workspaceId, keyHash);
    const publication = {
      stream: STREAMS.requests,
      subject,
      body: JSON.stringify(record),
      messageId: randomUUIDv7(),
      expectedLastSeq: lastSeq,
    };
    return ask(nats, `publishing to ${subject}`, async () => {
      if (lastSeq === 0) admitKey(workspaceId);
      return publishOnce(nats, publication);
    });
  },
});
