import type { EventDetail } from "./event-detail.ts";

type Delivery = EventDetail["deliveries"][number];

/** The agent's subscription, among the keys of destinations. */
export const AGENT_SUBSCRIPTION = "";

/** What stands for a destination in a choice: the id of an endpoint, or `AGENT_SUBSCRIPTION`. */
export const destinationKey = ({
  endpoint_id: endpointId,
}: Pick<Delivery, "endpoint_id">): string => endpointId ?? AGENT_SUBSCRIPTION;

/** Where the API sends an event again if nobody names a destination: see docs/api/redelivery.md. */
export const defaultKeys = (deliveries: readonly Delivery[]): readonly string[] => {
  if (deliveries.length === 0) return [AGENT_SUBSCRIPTION];
  const undelivered = deliveries.filter(({ status }) => status !== "delivered");
  return (undelivered.length === 0 ? deliveries : undelivered).map(destinationKey);
};

export type RedeliverBody = {
  endpoint_ids?: string[];
  agent_subscription?: true;
  counts_against_schedule?: true;
};

/** The body that sends an event to exactly these destinations; without names where the API would choose the same. */
export const redeliverBody = (
  chosen: ReadonlySet<string>,
  deliveries: readonly Delivery[],
  countsAgainstSchedule: boolean,
): RedeliverBody => {
  const counts = countsAgainstSchedule ? { counts_against_schedule: true as const } : {};
  const usual = defaultKeys(deliveries);
  if (usual.length === chosen.size && usual.every((key) => chosen.has(key))) return counts;
  const endpoints = [...chosen].filter((key) => key !== AGENT_SUBSCRIPTION);
  return {
    ...(endpoints.length === 0 ? {} : { endpoint_ids: endpoints }),
    ...(chosen.has(AGENT_SUBSCRIPTION) ? { agent_subscription: true } : {}),
    ...counts,
  };
};

/** What sending again does at a destination where the event stands so. */
export const effectText = (delivery: Delivery | undefined): string => {
  switch (delivery?.status) {
    case undefined:
      return "has not got it; gets it now, with all retries";
    case "delivered":
      return "has got it; gets it once more";
    case "retrying":
      return "waits for its next attempt; that one is made now, and the schedule stays as it was";
    case "pending":
      return delivery.next_attempt_at === null
        ? "an attempt is about to be made; nothing further is started"
        : "waits for its first attempt; that one is made now";
    case "dead_lettered":
      return "was given up; begins again at attempt 1, with all retries";
    case "cancelled":
      return "was cancelled; begins again at attempt 1, with all retries";
    case "failed":
      return "a test that failed; tests are not sent again";
  }
};

type Started = { readonly mode: "redelivery" | "retry_now" | "in_progress" };

/** What came of it, in a sentence. */
export const startedText = (deliveries: readonly Started[]): string => {
  const count = (mode: Started["mode"]) => deliveries.filter((one) => one.mode === mode).length;
  const parts = [
    [count("redelivery"), "sent again"],
    [count("retry_now"), "retried now"],
    [count("in_progress"), "under way already"],
  ].flatMap(([number, text]) => (number === 0 ? [] : [`${number} ${text}`]));
  return `Destinations: ${parts.join(", ")}.`;
};

/** Why an event cannot be sent again; undefined: it can. */
export const undeliverable = (event: EventDetail): string | undefined => {
  if (event.dead_letter?.reason === "invalid_event") {
    return "It could not be understood, so it cannot be sent.";
  }
  return event.attempts.some(({ trigger }) => trigger === "test")
    ? "It is a test event: send a new one from its endpoint or agent."
    : undefined;
};
