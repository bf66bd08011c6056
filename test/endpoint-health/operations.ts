import { Buffer } from "node:buffer";
import { operationSchema, type Operation } from "@ringback/contracts/deliveries/operation";
import type { NatsClient } from "../harness/nats/nats-client.ts";

/** An operational event as it is stored. */
export interface StoredOperation {
  readonly seq: number;
  readonly subject: string;
  readonly operation: Operation;
}

/** Everything on OPERATIONS, in its order. */
export async function operationsOn({ jsm }: NatsClient): Promise<StoredOperation[]> {
  const all: StoredOperation[] = [];
  for (let seq = 1; ;) {
    const message = await jsm.direct.getMessage("OPERATIONS", { seq, next_by_subj: ">" });
    if (message === null) return all;
    const json: unknown = JSON.parse(Buffer.from(message.data).toString("utf8"));
    all.push({
      seq: message.seq,
      subject: message.subject,
      operation: operationSchema.parse(json),
    });
    seq = message.seq + 1;
  }
}

export type EndpointChange = number | "recovered";

/** The published changes of endpoints: the share for a failing one, and `recovered`. */
export async function endpointChanges(client: NatsClient): Promise<EndpointChange[]> {
  return (await operationsOn(client)).flatMap(({ operation }): EndpointChange[] => {
    if (operation.kind === "delivery.exhausted") return [];
    return operation.kind === "endpoint.failing" ? [operation.threshold_percent] : ["recovered"];
  });
}
