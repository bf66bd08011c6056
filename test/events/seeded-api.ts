import { randomUUID } from "node:crypto";
import { headers as newHeaders } from "@nats-io/nats-core";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { eventId, eventMessage, type EventAddress } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import type { EventType } from "@ringback/contracts/events/event-types";
import { retryHeaders } from "@ringback/contracts/deliveries/retry-message";
import { dueRetrySubject, scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { attemptSubject } from "@ringback/contracts/streams/subjects";
import { attemptRecord, eventFields, retryMessage } from "../harness/fixtures/records.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";

/** An event that a test stored. */
export interface Seeded {
  readonly seq: number;
  readonly id: string;
  readonly address: EventAddress;
}

interface SeedInput {
  readonly callId: string;
  readonly agentId?: string;
  readonly eventType?: EventType;
  readonly workspaceId?: string;
  readonly body?: string;
}

/** The API on streams that a test fills by hand, with no dispatcher in the way. */
export interface SeededApi extends StartedService {
  readonly server: NatsServer;
  readonly client: NatsClient;
  readonly createdMs: number;
  readonly seed: (event: SeedInput) => Promise<Seeded>;
  /** Stores a record of an attempt; `delivery` is that of the event itself unless named. */
  readonly record: (
    event: Seeded,
    fields: Partial<AttemptRecord> & { readonly delivery?: string },
  ) => Promise<void>;
  /** Stores when a delivery comes back, as the dispatcher does. */
  readonly schedule: (event: Seeded, dueMs: number, delivery?: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startSeededApi(
  env: Readonly<Record<string, string>> = {},
): Promise<SeededApi> {
  const server = await startNatsServer();
  const started = await startOn(server, { env });
  const client = await connectTo(server);
  const createdMs = Date.parse((await client.jsm.streams.info("EVENTS")).created);
  return {
    ...started,
    server,
    client,
    createdMs,
    seed: async (event) => {
      const { workspaceId = "acme", callId, agentId = "a1", eventType = "call_completed" } = event;
      const address = { workspaceId, callId, agentId, eventType };
      const body = event.body ?? JSON.stringify({ event_type: eventType, call_id: callId });
      const message = eventMessage({ ...address, body });
      const { seq } = await client.js.publish(message.subject, message.body);
      return { seq, id: eventId(createdAt(createdMs), seq), address };
    },
    record: async (event, { delivery = String(event.seq), ...fields }) => {
      const record = { ...recordOf(event), ...fields };
      await client.js.publish(attemptSubject(event.address, delivery), JSON.stringify(record));
    },
    schedule: async ({ seq, address }, dueMs, deliveryId = String(seq)) => {
      const headers = newHeaders();
      const at = { address, eventSeq: seq, deliveryId, dueMs };
      const retry = retryMessage({ ...at, attempt: 1, deferrals: 1 });
      for (const [name, value] of retryHeaders(retry)) headers.set(name, value);
      await client.js.publish(scheduledRetrySubject(address, deliveryId), "", {
        headers,
        msgID: randomUUID(),
        schedule: { specification: new Date(dueMs), target: dueRetrySubject(address, deliveryId) },
      });
    },
    stop: async () => {
      await client.close();
      await started.service.stop();
      await server.stop();
    },
  };
}

/** A first attempt that was answered 200 just now. */
export const recordOf = (event: Seeded): AttemptRecord =>
  attemptRecord({
    ...eventFields(event),
    at: new Date().toISOString(),
    request: { method: "POST", url: "https://crm.example.com/calls" },
    response: { body_excerpt: "ok" },
  });
