import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { leaseSubject, type LeaseName } from "@ringback/contracts/streams/lease-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { elapsedMs } from "../process/elapsed.ts";
import type { Nats } from "../nats/connection.ts";
import { publishOnce } from "../nats/publish.ts";

/** Held by one process at a time, which renews it before `ttlMs` are over. */
export type Lease = {
  /** Takes or renews the lease; false while another process has it. Throws without a reply. */
  readonly hold: () => Promise<boolean>;
  /** Whether it was taken and has not expired. */
  readonly isHeld: () => boolean;
};

/** This process as leases and presence messages name it, for people. */
export const processName = (): string => `${hostname()}/${process.pid}`;

/**
 * A lease without a shared clock: the message is appended with the expected last sequence, and the server deletes it
 * after `ttlMs`, so that any process can append the next one. A stalled holder may go on for a moment after that, so
 * its work must be idempotent.
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
        body: processName(),
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
