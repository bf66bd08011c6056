import type { Nats } from "@ringback/runtime/nats/connection";
import { atOnce } from "./at-once.ts";
import { readNewest, type NewestPage, type NewestQuery } from "./newest.ts";
import type { StoredMessage } from "./read-batch.ts";

const SUBJECTS_AT_ONCE = 8;

/** The newest messages of some subjects together before a place: the newest of each, merged. */
export const newestOfSubjects = async (
  nats: Nats,
  subjects: readonly string[],
  query: Omit<NewestQuery, "filter">,
): Promise<NewestPage> => {
  const page = mergedPage(query);
  await atOnce(subjects, SUBJECTS_AT_ONCE, async (filter) => {
    page.merge(await readNewest(nats, { ...query, filter }));
  });
  return page.merged();
};

/** Keeps the newest of all that come, as many as fit, without a gap. */
const mergedPage = ({ limit, maxBytes }: Omit<NewestQuery, "filter">) => {
  let messages: readonly StoredMessage[] = [];
  // Something before this place was left out: so is all before it, or a later page would miss it.
  let fromSeq = 0;
  return {
    merge: (one: NewestPage): void => {
      if (one.hasOlder) fromSeq = Math.max(fromSeq, one.messages.at(-1)?.seq ?? 0);
      // A subject may be published with a literal `*` in it, and then finds those of others, too.
      const bySeq = new Map(
        [...messages, ...one.messages].map((message) => [message.seq, message]),
      );
      const all = [...bySeq.values()].toSorted((a, b) => b.seq - a.seq);
      const whole = all.filter(({ seq }) => seq >= fromSeq);
      messages = newestWithin(whole, limit, maxBytes);
      if (messages.length < all.length) fromSeq = messages.at(-1)?.seq ?? fromSeq;
    },
    merged: (): NewestPage => ({ messages, hasOlder: fromSeq > 0 }),
  };
};

const newestWithin = (
  newestFirst: readonly StoredMessage[],
  limit: number,
  maxBytes: number,
): readonly StoredMessage[] => {
  let bytes = 0;
  let count = 0;
  for (const { data } of newestFirst.slice(0, limit)) {
    bytes += data.byteLength;
    if (bytes > maxBytes && count > 0) break;
    count += 1;
  }
  return newestFirst.slice(0, count);
};
