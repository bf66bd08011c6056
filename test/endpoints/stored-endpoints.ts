import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { endpointSubject } from "@ringback/contracts/streams/endpoint-subject";
import { attemptRecordSchema, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { attemptsOfAddress } from "@ringback/contracts/streams/subjects";
import type { EventAddress } from "@ringback/contracts/events/event";
import { endpointMessage, endpointOf } from "../harness/fixtures/endpoints.ts";
import type { NatsClient } from "../harness/nats/nats-client.ts";
import { messagesOn } from "../harness/nats/messages-on.ts";

/** Stores an endpoint as the subscriptions service does; null deletes it. */
export const storeEndpoint = async (
  { js }: Pick<NatsClient, "js">,
  endpoint_id: string,
  more: Partial<Endpoint> | null,
  workspaceId = "w1",
): Promise<void> => {
  const endpoint =
    more === null ? null : endpointOf(endpoint_id, { workspace_id: workspaceId, ...more });
  const subject = endpointSubject({ workspaceId, endpointId: endpoint_id });
  await js.publish(subject, JSON.stringify(endpointMessage(endpoint)));
};

/** All records of an event, of whichever delivery, oldest first. */
export const recordsOf = (
  client: NatsClient,
  { seq, address }: { readonly seq: number; readonly address: EventAddress },
): Promise<AttemptRecord[]> =>
  messagesOn(client, "ATTEMPTS", attemptsOfAddress(address), (json) => {
    const read = attemptRecordSchema.safeParse(json);
    return read.success && read.data.event_seq === seq ? read.data : undefined;
  }).then((all) => all.filter((one) => one !== undefined));
