import { ALL_ACCESS } from "@ringback/contracts/access/access-subject";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import {
  followLastPerSubject,
  type LastPerSubject,
  type LastPerSubjectOptions,
} from "@ringback/runtime/streams/last-per-subject";
import type { ApiKeys } from "../http/auth/api-keys.ts";
import type { Credentials } from "../http/auth/credential.ts";
import { UnavailableError } from "../streams/ask.ts";
import { streamState } from "../streams/read-stream.ts";
import { createAccessList, type AccessList } from "./access-list.ts";

/** All keys and sessions, kept in memory and up to date from ACCESS: known while NATS is away, too. */
export type AccessIndex = Omit<AccessList, "apply" | "dropEnded"> &
  Pick<LastPerSubject, "caughtUp" | "isCaughtUp" | "stop"> & {
    /** Resolves once everything up to `seq` is in the index; throws when that takes too long. */
    readonly applied: (seq: number) => Promise<void>;
    /** The same for everything that any instance has confirmed to a caller as stored. */
    readonly upToDate: () => Promise<void>;
  };

export type AccessIndexOptions = Pick<LastPerSubjectOptions, "nats" | "onStreamLost" | "log"> & {
  readonly nowMs: () => number;
};

const DROP_ENDED_EVERY_MS = 60_000;

/** Reads the last message of every key and session, then follows new ones. */
export const followAccess = ({
  nats,
  onStreamLost,
  log,
  nowMs,
}: AccessIndexOptions): AccessIndex => {
  const { apply, dropEnded, ...list } = createAccessList();
  let appliedSeq = 0;
  const values = followLastPerSubject({
    nats,
    stream: STREAMS.access,
    filter: ALL_ACCESS,
    apply: (value) => {
      // A restart of the reading delivers older messages again: the list has them already.
      if (value.seq <= appliedSeq) return;
      appliedSeq = value.seq;
      apply(value, log);
    },
    onStreamLost,
    log,
  });
  const applied = async (seq: number): Promise<void> => {
    if (await values.applied(seq)) return;
    throw new UnavailableError(`the list of keys is behind: ${values.appliedUpTo()}/${seq}`);
  };
  const timer = setInterval(() => dropEnded(nowMs()), DROP_ENDED_EVERY_MS);
  return {
    ...list,
    caughtUp: values.caughtUp,
    isCaughtUp: values.isCaughtUp,
    applied,
    upToDate: async () => applied((await streamState(nats, STREAMS.access)).last_seq),
    stop: async () => {
      clearInterval(timer);
      await values.stop();
    },
  };
};

/** The keys of the file, and what ACCESS holds. */
export const knownCredentials = (
  fileKeys: () => ApiKeys,
  { key, session }: Pick<AccessIndex, "key" | "session">,
): Credentials => ({
  keys: (id) =>
    [fileKeys().get(id), key(id)?.credential].filter((credential) => credential !== undefined),
  session: (id) => session(id)?.credential,
});
