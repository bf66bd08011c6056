import type { DeliveryOrder } from "@ringback/contracts/agents/delivery-order";
import type { EventAddress } from "@ringback/contracts/events/event";
import type { EventInput, Services } from "../harness/process/platform.ts";
import type { NatsClient } from "../harness/nats/nats-client.ts";
import type { RequestHead } from "../harness/receiver/behaviour.ts";
import type { Receiver } from "../harness/receiver/receiver.ts";

/** The order that a test's endpoints keep, unless it names another. */
export const ORDER: DeliveryOrder = { by: "call", on_failure: "wait", max_wait: "10m" };

/** The types of a call's events, in the order in which they come. */
export const TYPES = [
  "call_started",
  "call_completed",
  "recording_completed",
  "platform_analysis_completed",
  "client_analysis_completed",
  "all_processing_completed",
] as const;

export type Published = { readonly seq: number; readonly address: EventAddress };

/** Publishes the six events of a call at once: they are stored within a millisecond or two, in this order. */
export const publishCall = (
  services: Pick<Services, "publish">,
  callId: string,
  more: Partial<EventInput> = {},
): Promise<Published[]> =>
  Promise.all(TYPES.map((eventType) => services.publish({ callId, eventType, ...more })));

/** Whether a request is about one of these events. */
export const isOfCall = ({ headers }: RequestHead, events: readonly Published[]): boolean =>
  events.some(({ seq }) => String(headers["webhook-id"]).endsWith(`_${seq}`));

/** The subjects of a stream that have messages. */
export const subjectsOf = async (
  { jsm }: Pick<NatsClient, "jsm">,
  stream: string,
  filter: string,
): Promise<string[]> => {
  const { state } = await jsm.streams.info(stream, { subjects_filter: filter });
  return Object.keys(state.subjects ?? {});
};

/** The requests for a call at a path, in the order of their arrival: `<type> <attempt>`. */
export const arrivals = (
  receiver: Receiver,
  path: string,
  events: readonly Published[],
): string[] => {
  return receiver
    .requestsTo(path)
    .filter((request) => isOfCall(request, events))
    .map(
      ({ headers }) =>
        `${String(headers["ringback-event-type"])} ${String(headers["ringback-attempt"])}`,
    );
};

/** Each of these types once, at its first attempt. */
export const onceEach = (types: readonly string[] = TYPES): string[] =>
  types.map((type) => `${type} 1`);
