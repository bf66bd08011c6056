import { Buffer } from "node:buffer";
import type { NatsClient } from "./nats-client.ts";

/** All messages of a stream under a filter, oldest first. */
export async function messagesOn<T>(
  client: NatsClient,
  stream: string,
  filter: string,
  read: (json: unknown) => T,
): Promise<T[]> {
  const found: T[] = [];
  let seq = 1;
  for (;;) {
    const query = { seq, next_by_subj: filter };
    const message = await client.jsm.direct.getMessage(stream, query);
    if (message === null) return found;
    found.push(read(JSON.parse(Buffer.from(message.data).toString("utf8"))));
    seq = message.seq + 1;
  }
}
