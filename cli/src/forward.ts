import manifest from "../package.json" with { type: "json" };
import { networkReason } from "./api-client.ts";
import type { Sign } from "./signature.ts";

export type Forwarded = {
  readonly eventId: string;
  readonly eventType: string;
  readonly body: Uint8Array<ArrayBuffer>;
};

export type ForwardResult =
  | { readonly kind: "response"; readonly status: number; readonly durationMs: number }
  | { readonly kind: "no_response"; readonly reason: string; readonly durationMs: number };

/** The dispatcher's default. */
const TIMEOUT_MS = 30_000;

/** Posts an event with the headers and the signature that the dispatcher sends, once. */
export const forward = async (
  { eventId, eventType, body }: Forwarded,
  url: string,
  sign: Sign,
  signal: AbortSignal,
): Promise<ForwardResult> => {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const beganMs = performance.now();
  const durationMs = (): number => Math.round(performance.now() - beganMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      redirect: "manual",
      headers: {
        "content-type": "application/json",
        "webhook-id": eventId,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(eventId, timestamp, body),
        "ringback-event-type": eventType,
        "ringback-attempt": "1",
        "user-agent": `Ringback/${manifest.version}`,
        "accept-encoding": "identity",
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return { kind: "response", status: response.status, durationMs: durationMs() };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "no_response", reason: networkReason(error), durationMs: durationMs() };
  }
};
