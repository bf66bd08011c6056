import { LEASES, leaseSubject, type LeaseName } from "@ringback/contracts/streams/lease-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { lastMessage } from "../streams/read-stream.ts";

/** A task that one process at a time does. */
export type HeldLease = {
  readonly name: LeaseName;
  /** `host/pid`; undefined: nobody has it. */
  readonly holder: string | undefined;
  readonly renewedAtMs: number | undefined;
};

const MAX_HOLDER = 128;

/** Who has which lease now. */
export const readLeases = (nats: Nats): Promise<HeldLease[]> =>
  mapConcurrently(Object.values(LEASES), 4, async (name) => {
    const message = await lastMessage(nats, STREAMS.leases, leaseSubject(name));
    const holder = message?.string().slice(0, MAX_HOLDER);
    return { name, holder, renewedAtMs: message?.time.getTime() };
  });
