import { ACK_WAIT_MS } from "@ringback/runtime/streams/consumers";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import type { Delivery } from "../delivery/delivery.ts";
import { mayBeElsewhere, type InHand } from "./in-flight.ts";
import type { Journal } from "./delivery-store.ts";

/** What was known so long ago is asked again before a request is sent; waits for a place are shorter. */
const LOOK_AGAIN_AFTER_MS = ACK_WAIT_MS / 10;

/** A server whose every answer takes longer than that is no reason to go on asking. */
const MAX_LOOKS = 3;

/** The last look before a request is sent. */
export type LastLook =
  | { readonly kind: "send" }
  /** Another process may have it by now, or has recorded something of it. */
  | { readonly kind: "leave" };

/**
 * Whether a delivery in hand may still be sent: while it waited (for a place, for answers, with the whole
 * process) the server may have given it to another dispatcher. `after`: its last record's sequence.
 */
export const lastLook = async (
  hand: InHand,
  { address, deliveryId }: Pick<Delivery, "address" | "deliveryId">,
  after: number,
  { readLastRecord }: Pick<Journal, "readLastRecord">,
): Promise<LastLook> => {
  for (let looks = 0; ; looks += 1) {
    if (mayBeElsewhere(hand) || looks > MAX_LOOKS) return { kind: "leave" };
    if (elapsedMs() - hand.lookedMs <= LOOK_AGAIN_AFTER_MS) return { kind: "send" };
    hand.lookedMs = elapsedMs();
    const last = await readLastRecord(address, deliveryId);
    if (last.seq !== after) return { kind: "leave" };
  }
};
