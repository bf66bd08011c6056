import { metadataOnceRestored } from "@ringback/contracts/streams/stream-origin";
import { createReadStream } from "node:fs";
import type { StreamInfo } from "@nats-io/jetstream";
import type { Nats } from "@ringback/runtime/nats/connection";
import { replyIn } from "./reply.ts";
import type { StoredStream } from "./archive.ts";

const CHUNK_BYTES = 128 * 1024;

const REPLY_TIMEOUT_MS = 30_000;
/** The server writes the stream to its disk before it replies to the last, empty part. */
const DONE_TIMEOUT_MS = 3_600_000;

/**
 * Has the server make a stream with its consumers from a copy. Throws where there is one of this name, and where the
 * server refuses the copy. The stream notes when it was restored: sequences after the copy's last one are given a second time.
 *
 * The protocol is `$JS.API.STREAM.RESTORE` (nats-server, jetstream_api.go): the server names a subject, each part is a
 * request to it, and an empty one ends them.
 */
export const restoreStream = async (
  { connection }: Nats,
  { stream, meta, dataFile }: StoredStream,
): Promise<StreamInfo> => {
  const ask = (subject: string, body: Uint8Array | string, timeout: number) =>
    connection.request(subject, body, { timeout });
  const { config, state } = meta;
  const metadata = metadataOnceRestored(config.metadata, state.last_seq, Date.now());
  const wanted = JSON.stringify({ config: { ...config, metadata }, state });
  const accepted = replyIn(await ask(`$JS.API.STREAM.RESTORE.${stream}`, wanted, REPLY_TIMEOUT_MS));
  const target = accepted["deliver_subject"] as string;
  for await (const part of createReadStream(dataFile, { highWaterMark: CHUNK_BYTES })) {
    const reply = await ask(target, part as Uint8Array, REPLY_TIMEOUT_MS);
    // An empty reply asks for the next part; what is in one is an error.
    if (reply.data.length > 0) replyIn(reply);
  }
  return replyIn(await ask(target, "", DONE_TIMEOUT_MS)) as unknown as StreamInfo;
};
