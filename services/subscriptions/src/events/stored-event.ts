import {
  parseEventSubject,
  partsOfEventSubject,
  type EventAddress,
} from "@ringback/contracts/streams/subjects";
import { seesAgent, type Sight } from "../sight/decide/sight.ts";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";

/** An event as EVENTS has it, also one that nobody understands. */
export type StoredEvent = {
  readonly seq: number;
  readonly subject: string;
  /** Undefined where the subject is not that of an event: it cannot be delivered. */
  readonly address: EventAddress | undefined;
  /** What the subject says as far as it goes. */
  readonly callId: string | undefined;
  readonly agentId: string | undefined;
  readonly eventType: string | undefined;
  readonly storedAtMs: number;
  /** As it was published, byte for byte. */
  readonly body: Uint8Array;
};

/** The event in a message of EVENTS; undefined when it is not of this workspace, or of an agent that is not seen. */
export const storedEvent = (
  sight: Sight,
  { seq, subject, time, data }: Pick<BatchMessage, "seq" | "subject" | "time" | "data">,
): StoredEvent | undefined => {
  const [events, workspace] = subject.split(".");
  if (events !== "events" || workspace !== sight.workspaceId) return undefined;
  const parsed = parseEventSubject(subject);
  const { callId, agentId, eventType } = partsOfEventSubject(subject);
  if (!seesAgent(sight, agentId)) return undefined;
  const address = parsed.kind === "event" ? parsed.address : undefined;
  return {
    seq,
    subject,
    address,
    callId,
    agentId,
    eventType,
    storedAtMs: time.getTime(),
    body: data,
  };
};
