import { Buffer } from "node:buffer";
import { randomUUIDv7 } from "node:crypto";
import {
  readDefinition,
  type EventTypeDefinition,
  type EventTypeMessage,
} from "@ringback/contracts/events/event-type-definition";
import type { EventType } from "@ringback/contracts/events/event-types";
import { eventTypeSubject } from "@ringback/contracts/streams/event-type-subject";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { Published } from "@ringback/runtime/nats/publish";
import { lastMessage, publish } from "../streams/read-stream.ts";

/** A definition and the sequence of the message that says so; 0: there was never one. */
type StoredDefinition = {
  readonly definition: EventTypeDefinition | undefined;
  readonly seq: number;
};

/** Reads and appends what workspaces say of their own event types, on SUBSCRIPTIONS. */
export type DefinitionStore = {
  readonly read: (workspaceId: string, eventType: EventType) => Promise<StoredDefinition>;
  /** Appends unless something else came after `lastSeq`. */
  readonly append: (
    workspaceId: string,
    eventType: EventType,
    message: EventTypeMessage,
    lastSeq: number,
  ) => Promise<Published>;
};

export const definitionStore = (nats: Nats): DefinitionStore => ({
  read: async (workspaceId, eventType) => {
    const subject = eventTypeSubject(workspaceId, eventType);
    const last = await lastMessage(nats, STREAMS.subscriptions, subject);
    if (last === null) return { definition: undefined, seq: 0 };
    const read = readDefinition(last.data);
    const definition = read.kind === "defined" ? read.definition : undefined;
    return { definition, seq: last.seq };
  },
  append: (workspaceId, eventType, message, lastSeq) =>
    publish(nats, {
      stream: STREAMS.subscriptions,
      subject: eventTypeSubject(workspaceId, eventType),
      body: Buffer.from(JSON.stringify(message)),
      messageId: randomUUIDv7(),
      expectedLastSeq: lastSeq,
    }),
});
