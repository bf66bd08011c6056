import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { attemptRecordSchema, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { parseDurationMs } from "@ringback/contracts/duration";
import { deliveryId, eventId, eventMessage } from "@ringback/contracts/events/event";
import type { EventType } from "@ringback/contracts/events/event-types";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { attemptSubject, STREAMS, type EventAddress } from "@ringback/contracts/streams/subjects";
import { TEST_CALL_PREFIX, TEST_EVENT_HEADERS } from "@ringback/contracts/events/test-event";
import { pause } from "@ringback/runtime/process/backoff";
import type { Nats } from "@ringback/runtime/nats/connection";
import { lastMessage, publish } from "../../streams/read-stream.ts";
import { sampleEvent } from "./sample-event.ts";

export type SentTest = {
  readonly eventId: string;
  /** Undefined: it was not attempted in time, and will be. */
  readonly record: AttemptRecord | undefined;
};

export type TestEventDeps = { readonly nats: Nats; readonly eventsCreatedMs: number };

export type TestWish = {
  readonly workspaceId: string;
  readonly agentId: string;
  readonly eventType: EventType;
  /** Of a type that the workspace added. */
  readonly example: Readonly<Record<string, unknown>> | undefined;
  /** How long the attempt is waited for. */
  readonly waitMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
};

/** The operator's longest deadline, where the subscription has none of its own. */
const USUAL_TIMEOUT_MS = 30_000;
/** For the way to the dispatcher and back. */
const MARGIN_MS = 5_000;
const FIRST_LOOK_MS = 20;
const LOOK_EVERY_MS = 250;

/** How long the attempt of a test event may take until it is recorded, under usual conditions. */
export const testWaitMs = ({ delivery }: Pick<Subscription, "delivery">): number =>
  (parseDurationMs(delivery?.timeout ?? "") ?? USUAL_TIMEOUT_MS) + MARGIN_MS;

/** Publishes a realistic event that is marked as a test, and waits for what its attempt comes to. */
export const sendTestEvent = async (wish: TestWish, deps: TestEventDeps): Promise<SentTest> => {
  const { workspaceId, agentId, eventType } = wish;
  const callId = `${TEST_CALL_PREFIX}${randomUUID()}`;
  const address = { workspaceId, callId, agentId, eventType };
  const { subject, body, messageId } = eventMessage({
    ...address,
    body: sampleEvent(address, wish.example),
  });
  const event = { stream: STREAMS.events, subject, body, messageId, headers: TEST_EVENT_HEADERS };
  const published = await publish(deps.nats, event);
  if (published.kind === "conflict")
    throw new Error(`${subject} was published with no expectation`);
  const { seq } = published;
  const record = await recordOf(address, seq, wish, deps);
  return { eventId: eventId(deps.eventsCreatedMs, seq), record };
};

/** Read from the stream, as an index may be behind while it is built. */
const recordOf = async (
  address: EventAddress,
  seq: number,
  { waitMs, gone }: TestWish,
  { nats }: TestEventDeps,
): Promise<AttemptRecord | undefined> => {
  const subject = attemptSubject(address, deliveryId(seq));
  const untilMs = performance.now() + waitMs;
  for (let lookMs = FIRST_LOOK_MS; !gone.aborted; lookMs = Math.min(LOOK_EVERY_MS, lookMs * 2)) {
    const found = await lastMessage(nats, STREAMS.attempts, subject);
    if (found !== null) {
      return attemptRecordSchema.parse(JSON.parse(Buffer.from(found.data).toString("utf8")));
    }
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) return undefined;
    await pause(Math.min(lookMs, leftMs), gone);
  }
  return undefined;
};
