import { randomUUID, randomUUIDv7 } from "node:crypto";
import type { JsMsg } from "@nats-io/jetstream";
import { READING_NOTES, readingNoteSubject } from "@ringback/contracts/streams/lease-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { publishOnce, readNext } from "@ringback/runtime/nats/publish";
import type { ReadingLock } from "../delivery/delivery-result.ts";

/** A message that was delivered before: the process that had it may have died of it. */
export const isSuspect = ({ info }: Pick<JsMsg, "info">): boolean => info.deliveryCount > 1;

/** A message is convicted when this many processes died while they read it and no other suspect. */
const DEATHS = 2;

/** Longer than a process that dies again and again waits for its next start. */
const NOTE_TTL_MS = 3_600_000;
const EMPTY_TTL_MS = 1_000;

/** How long notes that were read are used: those of dead processes do not change, and no death is known sooner. */
const NOTES_VALID_MS = 2_000;

/**
 * Locks for suspects, to find the message that kills the processes which read it (docs/adr/0022). Suspects are read
 * one at a time, and a note on LEASES names the one that is being read; a process that dies leaves its note behind.
 * A message that comes for the first time costs nothing.
 */
export const readingLocks = (nats: Nats): ((message: JsMsg) => ReadingLock) => {
  const own = readingNoteSubject(randomUUIDv7());
  const notes = noteReader(nats, own);
  let released: Promise<void> = Promise.resolve();
  let waiting = 0;
  const note = async (body: string, ttlMs: number): Promise<void> => {
    const publication = { stream: STREAMS.leases, subject: own, body, ttlMs };
    await publishOnce(nats, { ...publication, messageId: randomUUID() });
  };
  /** Resolves with the release once all earlier locks are released. */
  const lock = async (): Promise<() => void> => {
    const before = released;
    const { promise, resolve } = Promise.withResolvers<void>();
    released = promise;
    waiting += 1;
    await before;
    return () => {
      waiting -= 1;
      // Best effort: a note that stays behind expires, and convicts no message alone.
      if (waiting === 0) void note("", EMPTY_TTL_MS).catch(() => undefined);
      resolve();
    };
  };
  return ({ info, seq }) => {
    const name = `${info.stream} ${seq}`;
    let unlock: (() => void) | undefined;
    return {
      release: () => {
        unlock?.();
        unlock = undefined;
      },
      acquire: async () => {
        unlock = await lock();
        if ((await notes()).filter((noted) => noted === name).length >= DEATHS) return "convicted";
        await note(name, NOTE_TTL_MS);
        return "innocent";
      },
    };
  };
};

/** The messages that other processes read now, or died of. */
const noteReader = (nats: Nats, own: string): (() => Promise<readonly string[]>) => {
  let known: readonly string[] = [];
  let readMs = -Infinity;
  return async () => {
    if (performance.now() - readMs < NOTES_VALID_MS) return known;
    const found: string[] = [];
    for (let seq = 1; ;) {
      const message = await readNext(nats, STREAMS.leases, READING_NOTES, seq);
      if (message === null) break;
      if (message.subject !== own) found.push(message.string());
      seq = message.seq + 1;
    }
    known = found;
    readMs = performance.now();
    return known;
  };
};
