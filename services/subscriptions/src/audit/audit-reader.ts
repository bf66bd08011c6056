import { auditEntryIn, type AuditEntry } from "@ringback/contracts/audit/audit-entry";
import {
  AUDIT_KINDS,
  auditSubject,
  type AuditKind,
} from "@ringback/contracts/streams/audit-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { newestOfSubjects } from "../streams/newest.ts";
import { readStored } from "../streams/read-stream.ts";
import { MAX_DELAY_MS } from "./audit-log.ts";
import { isMatch, type AuditFilter } from "./decide/audit-filter.ts";

export type AuditQuery = AuditFilter & {
  /** Undefined: what is about the installation. */
  readonly workspaceId: string | undefined;
  readonly kinds: readonly AuditKind[] | undefined;
  readonly limit: number;
  readonly beforeSeq: number | undefined;
};

export type AuditPage = {
  /** Newest first. */
  readonly entries: readonly AuditEntry[];
  /** Where to go on; undefined: there is nothing older. */
  readonly nextBeforeSeq: number | undefined;
};

/** One request looks through so many entries at most: with rare matches a page is not full, and says where to go on. */
const MAX_LOOKED_AT = 10_000;
/** The time of an entry is the service's, that of its message NATS's. */
const CLOCKS_DIFFER_MS = 60_000;
const PAGE = 1_000;
const PAGE_BYTES = 2 * 1024 * 1024;

/** The entries of a workspace that match, newest first. Throws as `EventReader` does. */
export const auditPage = async (nats: Nats, query: AuditQuery): Promise<AuditPage> => {
  const { limit, sinceMs = 0 } = query;
  const subjects = (query.kinds ?? AUDIT_KINDS).map((kind) =>
    auditSubject(query.workspaceId, kind),
  );
  const entries: AuditEntry[] = [];
  let beforeSeq = query.beforeSeq ?? (await firstStoredAfter(nats, subjects, query.untilMs));
  for (let lookedAt = 0; lookedAt < MAX_LOOKED_AT;) {
    const page = { stream: STREAMS.audit, beforeSeq, limit: PAGE, maxBytes: PAGE_BYTES };
    const { messages, hasOlder } = await newestOfSubjects(nats, subjects, page);
    for (const [n, { seq, time, data }] of messages.entries()) {
      // Stored before means that it was made before, but for what clocks differ.
      if (time.getTime() < sinceMs - CLOCKS_DIFFER_MS) return { entries, nextBeforeSeq: undefined };
      const entry = auditEntryIn(data);
      if (entry === undefined || !isMatch(entry, query)) continue;
      entries.push(entry);
      if (entries.length < limit) continue;
      const isLast = n === messages.length - 1 && !hasOlder;
      return { entries, nextBeforeSeq: isLast ? undefined : seq };
    }
    beforeSeq = messages.at(-1)?.seq;
    if (!hasOlder || beforeSeq === undefined) return { entries, nextBeforeSeq: undefined };
    lookedAt += messages.length;
  }
  return { entries, nextBeforeSeq: beforeSeq };
};

/** Where entries begin that are too new for sure: each is stored within a time after it was made. */
const firstStoredAfter = async (
  nats: Nats,
  subjects: readonly string[],
  untilMs: number | undefined,
): Promise<number | undefined> => {
  if (untilMs === undefined) return undefined;
  const part = { stream: STREAMS.audit, from: new Date(untilMs + MAX_DELAY_MS), size: 1 };
  const found = await Promise.all(
    subjects.map((filter) => readStored(nats, { ...part, filter, maxBytes: 1 })),
  );
  const seqs = found.flatMap(([message]) => message?.seq ?? []);
  return seqs.length === 0 ? undefined : Math.min(...seqs);
};
