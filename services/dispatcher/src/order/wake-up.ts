import { endpointIdOf, firstDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import { readRetry, type RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { storedHeaders } from "@ringback/runtime/nats/message-headers";
import type { Nats } from "@ringback/runtime/nats/connection";
import { publishOnce, readLast } from "@ringback/runtime/nats/publish";
import { forwardPublication } from "@ringback/runtime/streams/bring-forward";
import type { DueForm } from "@ringback/runtime/streams/due-form";
import type { Delivery } from "../delivery/delivery.ts";
import type { OrderedDestination } from "../delivery/decide/order.ts";
import { inOrder, type Call } from "./call-events.ts";
import { earlierAt, type OrderDeps } from "./call-order.ts";

export type WakeUpDeps = OrderDeps & { readonly due: Pick<DueForm, "subjectOf"> };

/** Later events that are looked at for one that waits. Where there are more, one comes by its schedule. */
const MAX_LOOKED_AT = 20;

type Ended = Pick<Delivery, "address" | "eventSeq" | "deliveryId">;

/** Brings the next event of the call forward that waits for its turn at this destination. */
export const wakeNext = async (
  ended: Ended,
  destination: OrderedDestination,
  deps: WakeUpDeps,
): Promise<void> => {
  const endpointId = endpointIdOf(ended.deliveryId);
  const seen = new Set<number>();
  const wakeFirst = async (call: Call): Promise<boolean> => {
    for (const event of inOrder(call)) {
      const { address, seq } = event;
      if (seq <= ended.eventSeq || seen.has(seq) || seen.size >= MAX_LOOKED_AT) continue;
      seen.add(seq);
      if (earlierAt(event, ended, destination, deps) === undefined) continue;
      const waiting = { address, deliveryId: firstDeliveryId(seq, endpointId) };
      if (await bringForward(waiting, deps)) return true;
    }
    return false;
  };
  if (await wakeFirst(deps.calls.known(ended.address))) return;
  // Others may have come meanwhile, also to another dispatcher.
  await wakeFirst(await deps.calls.now(ended.address));
};

/**
 * Makes a delivery due that waits for its turn: one publish, which fails where its schedule has fired meanwhile. False
 * where it waits for nothing of the kind.
 */
export const bringForward = async (
  { address, deliveryId }: Pick<RetryMessage, "address" | "deliveryId">,
  { nats, due, now }: Pick<WakeUpDeps, "due" | "now"> & { readonly nats: Nats },
): Promise<boolean> => {
  const subject = scheduledRetrySubject(address, deliveryId);
  const message = await readLast(nats, STREAMS.retries, subject);
  if (message === null) return false;
  const { workspaceId, agentId } = address;
  const read = readRetry({ workspaceId, agentId }, storedHeaders(message));
  if (read.kind === "invalid" || read.retry.waitsFor === undefined) return false;
  await publishOnce(nats, forwardPublication({ ...read.retry, dueMs: now() }, message.seq, due));
  return true;
};
