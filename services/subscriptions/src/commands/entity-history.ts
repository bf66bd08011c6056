import { Buffer } from "node:buffer";
import type { Sealer } from "@ringback/contracts/secrets/sealed-text";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";
import { z } from "zod";
import { readNewest, type PageQuery } from "../streams/newest.ts";
import { readStored } from "../streams/read-stream.ts";
import type { EntityKind, EntityTypes } from "./entity.ts";

/** One change. */
export type HistoryEntry<T extends EntityTypes> = {
  readonly seq: number;
  readonly version: number;
  readonly type: string;
  readonly occurredAt: string;
  readonly actor: string | undefined;
  /** With its secrets open; undefined: another version of Ringback wrote it in another form. */
  readonly change: T["change"] | undefined;
  /** The state that the change led to. */
  readonly state: T["state"];
};

/** The changes of one kind, which SUBSCRIPTIONS keeps for ever. Throws as `EventReader` does. */
export type EntityHistory<T extends EntityTypes> = {
  /** Newest first; empty where there never was any. */
  readonly changes: (
    address: T["address"],
    page: PageQuery,
  ) => Promise<{
    readonly entries: readonly HistoryEntry<T>[];
    readonly nextBeforeSeq?: number;
  }>;
  /** The state at a time, by `occurred_at` of the changes. */
  readonly stateAt: (address: T["address"], atMs: number) => Promise<T["state"]>;
};

type HistoryDeps<T extends EntityTypes> = {
  readonly kind: EntityKind<T>;
  readonly nats: Nats;
  readonly sealer: Pick<Sealer, "open">;
};

/** One change may hold 50 subscriptions with all their headers. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** A change is stored within this time after its `occurred_at`, whose clock may differ. */
const STORED_WITHIN_MS = 5 * 60_000;

const CHANGES_AT_ONCE = 50;

export const entityHistory = <T extends EntityTypes>(deps: HistoryDeps<T>): EntityHistory<T> => ({
  changes: (address, page) => changesOf(address, page, deps),
  stateAt: async (address, atMs) => {
    const { initial, isAddress } = deps.kind;
    if (!isAddress(address)) return initial;
    let beforeSeq = await firstStoredAfter(address, atMs + STORED_WITHIN_MS, deps);
    for (;;) {
      const page = { limit: CHANGES_AT_ONCE, beforeSeq };
      const { entries, nextBeforeSeq } = await changesOf(address, page, deps);
      const last = entries.find(({ occurredAt }) => Date.parse(occurredAt) <= atMs);
      if (last !== undefined) return last.state;
      if (nextBeforeSeq === undefined) return initial;
      beforeSeq = nextBeforeSeq;
    }
  },
});

const firstStoredAfter = async <T extends EntityTypes>(
  address: T["address"],
  afterMs: number,
  { kind, nats }: HistoryDeps<T>,
): Promise<number | undefined> => {
  const filter = kind.subjectOf(address);
  const from = new Date(afterMs);
  const part = { stream: STREAMS.subscriptions, filter, from, size: 1, maxBytes: 1 };
  const [message] = await readStored(nats, part);
  return message?.seq;
};

const changesOf = async <T extends EntityTypes>(
  address: T["address"],
  { limit, beforeSeq }: PageQuery,
  deps: HistoryDeps<T>,
) => {
  const { kind, nats } = deps;
  if (!kind.isAddress(address)) return { entries: [] };
  const { messages, hasOlder } = await readNewest(nats, {
    stream: STREAMS.subscriptions,
    filter: kind.subjectOf(address),
    beforeSeq,
    limit,
    maxBytes: PAGE_BYTES,
  });
  const last = messages.at(-1);
  return {
    entries: messages.map((message) => entryIn(address, message, deps)),
    ...(hasOlder && last !== undefined ? { nextBeforeSeq: last.seq } : {}),
  };
};

const messageSchema = z.looseObject({
  type: z.string(),
  occurred_at: z.string(),
  actor: z.string().optional(),
});

const entryIn = <T extends EntityTypes>(
  address: T["address"],
  { seq, subject, data }: Pick<BatchMessage, "seq" | "subject" | "data">,
  { kind, sealer }: HistoryDeps<T>,
): HistoryEntry<T> => {
  const read = kind.stateIn(address, data);
  if (read.kind === "invalid") {
    throw new Error(`${STREAMS.subscriptions} ${seq} on ${subject}: ${read.message}`);
  }
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
  const message = messageSchema.parse(JSON.parse(text));
  return {
    seq,
    version: read.state.version,
    type: message.type,
    occurredAt: message.occurred_at,
    actor: message.actor,
    change: kind.changeIn(address, message, sealer),
    // Without a log: the keys of old secrets may have been removed on purpose.
    state: kind.open(address, read.state, sealer),
  };
};
