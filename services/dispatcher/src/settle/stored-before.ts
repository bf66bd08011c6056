import type { StreamName } from "@ringback/contracts/streams/subjects";
import { storedHeader } from "@ringback/runtime/nats/message-headers";
import type { Nats } from "@ringback/runtime/nats/connection";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import { MESSAGE_ID_HEADER, readLast } from "@ringback/runtime/nats/publish";

/** A subject holds few of what is given up, as it is one call's; save that of what could not be understood. */
const MAX_SEARCHED = 20;

/**
 * Whether a message with this id is on its subject. The server's duplicate window covers the moment; a
 * process may be away for longer than that. The last one is looked at first: each redelivery that fails
 * leaves one more. False also where no server answers.
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
      const query = { seq, next_by_subj: subject };
      const message = await nats.jsm.streams.getMessage(stream, query);
      if (message === null || message.seq === last.seq) return false;
      if (storedHeader(message, MESSAGE_ID_HEADER) === messageId) return true;
      seq = message.seq + 1;
    }
  } catch (error) {
    // Storing waits for the server to come back; that is what this is about, not the looking.
    if (!isUnavailable(error)) throw error;
  }
  return false;
};
