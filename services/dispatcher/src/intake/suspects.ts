import { randomUUID, randomUUIDv7 } from "node:crypto";
import type { JsMsg } from "@nats-io/jetstream";
import { READING_NOTES, readingNoteSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { publishOnce } from "@ringback/runtime/nats/publish";

/** A message that was handed out before: whoever had it may have died of it. */
export const isSuspect = ({ info }: Pick<JsMsg, "info">): boolean => info.deliveryCount > 1;

/** So many processes that died while they read this message and no other suspect convict it. */
const DEATHS = 2;

/** Longer than a process that dies again and again is kept waiting for its next start. */
const NOTE_LIVES_MS = 3_600_000;
const EMPTY_LIVES_MS = 1_000;

/** Notes of those that are dead do not change, and nobody's death is known so soon. */
const NOTES_BELIEVED_MS = 2_000;

/** One suspect's place at the only desk: it is read, and begun to be sent, while no other suspect is. */
export type Desk = {
  /** Waits until no other suspect is read, and notes it; `convicted`: it is not to be read. */
  readonly enter: () => Promise<"innocent" | "convicted">;
  /** It was read; harmless twice. */
  readonly leave: () => void;
};

export type Suspects = { readonly deskFor: (message: JsMsg) => Desk };

/**
 * Finds the message that ends the processes which read it (docs/adr/0022). Of those that were handed out
 * before, one at a time is read, and what it is stands on LEASES meanwhile. A process that dies leaves its
 * note behind. Messages that come for the first time cost nothing.
 */
export const createSuspects = (nats: Nats): Suspects => {
  const own = readingNoteSubject(randomUUIDv7());
  const notes = noteReader(nats, own);
  let turn: Promise<void> = Promise.resolve();
  let inLine = 0;
  const note = async (body: string, livesForMs: number): Promise<void> => {
    const publication = { stream: STREAMS.leases, subject: own, body, livesForMs };
    await publishOnce(nats, { ...publication, messageId: randomUUID() });
  };
  /** Resolves when it is this one's turn, with what ends the turn. */
  const nextTurn = async (): Promise<() => void> => {
    const before = turn;
    const over = Promise.withResolvers<void>();
    turn = over.promise;
    inLine += 1;
    await before;
    return () => {
      inLine -= 1;
      // Best effort: one that is left behind runs out, and alone convicts nobody.
      if (inLine === 0) void note("", EMPTY_LIVES_MS).catch(() => undefined);
      over.resolve();
    };
  };
  return {
    deskFor: ({ info, seq }) => {
      const name = `${info.stream} ${seq}`;
      let over: (() => void) | undefined;
      const leave = (): void => {
        over?.();
        over = undefined;
      };
      return {
        leave,
        enter: async () => {
          over = await nextTurn();
          if ((await notes()).filter((noted) => noted === name).length >= DEATHS)
            return "convicted";
          await note(name, NOTE_LIVES_MS);
          return "innocent";
        },
      };
    },
  };
};

/** What other processes have noted, and died of or are at. */
const noteReader = (nats: Nats, own: string): (() => Promise<readonly string[]>) => {
  let known: readonly string[] = [];
  let readMs = -Infinity;
  return async () => {
    if (performance.now() - readMs < NOTES_BELIEVED_MS) return known;
    const found: string[] = [];
    for (let seq = 1; ;) {
      // The leader answers `next_by_subj` too; the client's type knows it for direct gets only.
      const query = { seq, next_by_subj: READING_NOTES };
      const message = await nats.jsm.streams.getMessage(STREAMS.leases, query);
      if (message === null) break;
      if (message.subject !== own) found.push(message.string());
      seq = message.seq + 1;
    }
    known = found;
    readMs = performance.now();
    return known;
  };
};
