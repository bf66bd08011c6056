import type { Subscription } from "@ringback/contracts/agents/subscription";
import { requestFor, type RequestFacts } from "./decide/request.ts";
import type { Delivery } from "./delivery.ts";
import { bodyToSend } from "./held-body.ts";
import type { OutgoingRequest } from "../send/request.ts";
import { signatures } from "./sign.ts";

/** The parts of an attempt's request. */
export type AttemptParts = {
  readonly delivery: Delivery;
  readonly subscription: Subscription;
  readonly startedMs: number;
  readonly checkedMs: number;
  readonly timeoutMs: number;
  readonly traceHeaders: RequestFacts["traceHeaders"];
};

/** The signed request of an attempt; `onBodySent` is called when its body is held no longer. */
export const outgoingRequest = async (
  { delivery, subscription, startedMs: nowMs, checkedMs, timeoutMs, traceHeaders }: AttemptParts,
  userAgent: string,
  onBodySent: () => void,
): Promise<OutgoingRequest> => {
  const { eventId, address, attempt, trigger, body: held } = delivery;
  const { eventType, workspaceId } = address;
  const body = await held.bytes();
  const what = { eventId, eventType, attempt, isTest: trigger === "test", body };
  const facts = { ...what, nowMs, userAgent, sign: signatures, traceHeaders };
  const request = requestFor(subscription, facts);
  const sent = { body: bodyToSend(held, body, onBodySent), isRetry: attempt > 1 };
  return { ...request, workspaceId, timeoutMs, checkedMs, ...sent };
};
