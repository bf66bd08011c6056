import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { leaseSubject, type LeaseName } from "@ringback/contracts/streams/lease-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { elapsedMs } from "../process/elapsed.ts";
import type { Nats } from "../nats/connection.ts";
import { publishOnce } from "../nats/publish.ts";

/** What one process at a time has, for as long as it asks for it again before `ttlMs` are over. */
export type Lease = {
  /** Takes the lease, or keeps it; false while another process has it. Throws without an answer. */
  readonly hold: () => Promise<boolean>;
  /** Whether it was taken, and has not run out since. */
  readonly isHeld: () => boolean;
};

/** Who has a lease, as its message says it: for people. */
const leaseHolder = (): string => `${hostname()}/${process.pid}`;

/**
 * A lease without a clock to agree on: the message is appended with the expected last sequence, and the
 * server deletes it `ttlMs` later, after which anybody's is the first again. A holder that stands
 * still may go on for a moment after that, so what it does must be harmless twice.
 */
export const lease = (nats: Nats, name: LeaseName, ttlMs: number): Lease => {
  let seq = 0;
  let heldUntilMs = 0;
  return {
    hold: async () => {
      const requestedMs = elapsedMs(); // before the server's own clock began to count
      const published = await publishOnce(nats, {
        stream: STREAMS.leases,
        subject: leaseSubject(name),
        body: leaseHolder(),
        messageId: randomUUID(),
        expectedLastSeq: seq,
        ttlMs,
      });
      seq = published.kind === "stored" ? published.seq : 0;
      heldUntilMs = published.kind === "stored" ? requestedMs + ttlMs : 0;
      return published.kind === "stored";
    },
    isHeld: () => elapsedMs() < heldUntilMs,
  };
};
