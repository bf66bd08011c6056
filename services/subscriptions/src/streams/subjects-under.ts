import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { refuseWhileDisconnected, within } from "./ask.ts";

const ANSWER_TIMEOUT_MS = 5_000;

/**
 * The subjects that a filter with a literal prefix matches, by the stream's leader. To read by subjects
 * then is fast on a stream of any size: for one subject the server knows where it begins and ends, for
 * a wildcard it looks through the messages between (measured: 0.2 ms and 12 ms, of 250,000).
 */
export const subjectsUnder = async (
  nats: Nats,
  stream: StreamName,
  filter: string,
): Promise<string[]> => {
  refuseWhileDisconnected(nats);
  const asking = nats.jsm.streams.info(stream, { subjects_filter: filter });
  const { state } = await within(ANSWER_TIMEOUT_MS, `asking for subjects of ${stream}`, asking);
  return Object.keys(state.subjects ?? {});
};
