import type { StreamName } from "@ringback/contracts/streams/subjects";
import { storedHeader } from "@ringback/runtime/nats/message-headers";
import type { Nats } from "@ringback/runtime/nats/connection";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import { MESSAGE_ID_HEADER, readLast, readNext } from "@ringback/runtime/nats/publish";

/** Few dead letters share a subject (one call's), save those of unparsable messages. */
const MAX_SEARCHED = 20;

/**
 * Whether a message with this id is on its subject: the server's duplicate window is short, and a process
 * may be away for longer. Reads the last one first, as each failed redelivery adds one. False also where no
 * server replies.
 */
export const hasMessage = async (
  nats: Nats,
  stream: StreamName,
  subject: string,
  messageId: string,
): Promise<boolean> => {
  let seq = 1;
  try {
    const last = await readLast(nats, stream, subject);
    if (last === null) return false;
    if (storedHeader(last, MESSAGE_ID_HEADER) === messageId) return true;
    for (let n = 0; n < MAX_SEARCHED; n += 1) {
      const message = await readNext(nats, stream, subject, seq);
      if (message === null || message.seq === last.seq) return false;
      if (storedHeader(message, MESSAGE_ID_HEADER) === messageId) return true;
      seq = message.seq + 1;
    }
  } catch (error) {
    // The write that follows waits for the server.
    if (!isUnavailable(error)) throw error;
  }
  return false;
};
