import { ACK_WAIT_MS } from "@ringback/runtime/streams/consumers";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import type { Delivery } from "../delivery/delivery.ts";
import { mayBeRedelivered, type InFlightMessage } from "./in-flight.ts";
import type { DeliveryStore } from "./delivery-store.ts";

/** A record read longer ago than this is read again before a request is sent; waits for a permit are shorter. */
const RECORD_VALID_MS = ACK_WAIT_MS / 10;

/** Stop where every reply of the server takes longer than that. */
const MAX_READS = 3;

/**
 * Whether a delivery may still be sent: while it waited (for a permit, for replies, with the whole process)
 * the server may have given its message to another dispatcher. `afterSeq`: its last record's sequence.
 */
export const stillOwned = async (
  inFlight: Pick<InFlightMessage, "confirmedMs" | "recordReadMs">,
  { address, deliveryId }: Pick<Delivery, "address" | "deliveryId">,
  afterSeq: number,
  { readLastRecord }: Pick<DeliveryStore, "readLastRecord">,
): Promise<boolean> => {
  for (let reads = 0; ; reads += 1) {
    if (mayBeRedelivered(inFlight) || reads > MAX_READS) return false;
    if (elapsedMs() - inFlight.recordReadMs <= RECORD_VALID_MS) return true;
    inFlight.recordReadMs = elapsedMs();
    const last = await readLastRecord(address, deliveryId);
    if (last.seq !== afterSeq) return false;
  }
};
