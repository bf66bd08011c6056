import { errors, type NatsConnection } from "@nats-io/transport-node";
import { eventually } from "../../harness/eventually.ts";

export type Outcome = "refused" | "answered" | "nobody there";

/** What comes of a publication that asks for an answer. */
export async function outcomeOf(
  nc: NatsConnection,
  subject: string,
  body: string | Uint8Array = "",
): Promise<Outcome> {
  try {
    await nc.request(subject, body, { timeout: 5_000 });
    return "answered";
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    if (cause instanceof errors.PermissionViolationError) return "refused";
    if (error instanceof errors.NoRespondersError) return "nobody there";
    if (error instanceof errors.RequestError && error.isNoResponders()) return "nobody there";
    throw new Error(`${subject}: ${String(error)}, expected an answer or a refusal`, {
      cause: error,
    });
  }
}

/** Whether a subscription is refused; it is ended again. */
export async function isSubscriptionRefused(nc: NatsConnection, subject: string): Promise<boolean> {
  let refused = false;
  const subscription = nc.subscribe(subject, {
    callback: (error) => {
      refused ||= error instanceof errors.PermissionViolationError;
    },
  });
  // The server's answer to the PING comes after its refusal, if there is one.
  await nc.flush();
  if (!refused) subscription.unsubscribe();
  return refused;
}

/** Ends once every message that this connection sent before has been through the server. */
export async function settledOn(nc: NatsConnection, done: () => Promise<boolean>): Promise<void> {
  await nc.flush();
  await eventually(done, { what: "what was sent is stored" });
}
