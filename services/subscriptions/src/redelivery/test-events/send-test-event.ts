import { randomUUID } from "node:crypto";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { decodeAttempt } from "@ringback/contracts/deliveries/decode";
import { parseDurationMs } from "@ringback/contracts/duration";
import { firstDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import { eventId, eventMessage } from "@ringback/contracts/events/event";
import type { EventType } from "@ringback/contracts/events/event-types";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { attemptSubject, STREAMS, type EventAddress } from "@ringback/contracts/streams/subjects";
import {
  endpointTestHeaders,
  TEST_CALL_PREFIX,
  TEST_EVENT_HEADERS,
} from "@ringback/contracts/events/test-event";
import { pause } from "@ringback/runtime/process/backoff";
import type { RedeliveryDeps } from "../deps.ts";
import { lastMessage, publish } from "../../streams/read-stream.ts";
import { sampleEvent } from "../../event-types/sample-event.ts";

type TestEventDeps = Pick<RedeliveryDeps, "nats" | "eventsOrigin">;

export type TestRequest = {
  readonly workspaceId: string;
  readonly agentId: string;
  readonly eventType: EventType;
  /** Undefined: it is for the agent's subscription. */
  readonly endpointId?: string;
  /** Of a type that the workspace added. */
  readonly example: Readonly<Record<string, unknown>> | undefined;
  /** How long to wait for the attempt. */
  readonly waitMs: number;
  /** Aborted when the caller has closed the connection. */
  readonly closed: AbortSignal;
};

/** The operator's longest deadline, where the subscription has none of its own. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** For the way to the dispatcher and back. */
const MARGIN_MS = 5_000;
const FIRST_READ_MS = 20;
const READ_EVERY_MS = 250;

/** How long the attempt of a test event may take until it is recorded, under usual conditions. */
export const testWaitMs = ({ delivery }: Pick<Subscription, "delivery">): number =>
  (parseDurationMs(delivery?.timeout ?? "") ?? DEFAULT_TIMEOUT_MS) + MARGIN_MS;

/**
 * Publishes a realistic event that is marked as a test, and waits for the record of its attempt; undefined: the
 * attempt was not made in time, and will be later.
 */
export const sendTestEvent = async (
  request: TestRequest,
  deps: TestEventDeps,
): Promise<{ readonly eventId: string; readonly record: AttemptRecord | undefined }> => {
  const { workspaceId, agentId, eventType, endpointId } = request;
  const callId = `${TEST_CALL_PREFIX}${randomUUID()}`;
  const address = { workspaceId, callId, agentId, eventType };
  const { subject, body, messageId } = eventMessage({
    ...address,
    body: sampleEvent(address, request.example),
  });
  const headers = endpointId === undefined ? TEST_EVENT_HEADERS : endpointTestHeaders(endpointId);
  const event = { stream: STREAMS.events, subject, body, messageId, headers };
  const published = await publish(deps.nats, event);
  if (published.kind === "conflict")
    throw new Error(`${subject} was published with no expectation`);
  const { seq } = published;
  const record = await recordOf(address, seq, request, deps);
  return { eventId: eventId(deps.eventsOrigin, seq), record };
};

/** Reads the stream: the index may be behind while it is built. */
const recordOf = async (
  address: EventAddress,
  seq: number,
  { waitMs, closed, endpointId }: TestRequest,
  { nats }: TestEventDeps,
): Promise<AttemptRecord | undefined> => {
  const subject = attemptSubject(address, firstDeliveryId(seq, endpointId));
  const untilMs = performance.now() + waitMs;
  for (let readMs = FIRST_READ_MS; !closed.aborted; readMs = Math.min(READ_EVERY_MS, readMs * 2)) {
    const found = await lastMessage(nats, STREAMS.attempts, subject);
    if (found !== null) {
      const { value } = decodeAttempt(found.data);
      if (value === undefined) throw new Error(`the record on ${subject} cannot be read`);
      return value;
    }
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) return undefined;
    await pause(Math.min(readMs, leftMs), closed);
  }
  return undefined;
};
