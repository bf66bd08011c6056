import { Buffer } from "node:buffer";
import { readEvent } from "@ringback/contracts/events/event";
import { eventWarnings, type EventWarning } from "@ringback/contracts/events/event-warnings";
import { z } from "zod";
import type { OwnWarnings } from "../../event-types/own-warnings.ts";
import type { Api } from "../../http/api.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { sendJson } from "../../http/json-body.ts";
import { noQuerySchema, pageQuerySchema, seqCursor } from "../../http/pagination.ts";
import {
  deadLetterNotFound,
  eventNotFound,
  problemResponses,
  sendProblem,
} from "../../http/problem.ts";
import type { EventReader } from "../event-reader.ts";
import type { SkippedOf } from "../skipped-endpoint.ts";
import type { StoredEvent } from "../stored-event.ts";
import { attemptResponse, attemptResponseSchema } from "./attempt-response.ts";
import { deadLetterResponse, deadLetterResponseSchema } from "./dead-letter-response.ts";
import { embeddedPayload } from "./embedded-payload.ts";
import {
  ATTEMPTS_EXAMPLES,
  DEAD_LETTER_EXAMPLES,
  EVENT_EXAMPLES,
  PAYLOAD_EXAMPLES,
} from "./event-examples.ts";
import { eventResponse, eventResponseSchema } from "./event-response.ts";

/** The event in a path. An invalid id never matches an event. */
const pathSchema = z.object({ event_id: z.string() });

export type EventRouteDeps = {
  readonly reader: EventReader;
  readonly ownWarnings: OwnWarnings;
  readonly skippedOf: SkippedOf;
  /** How long EVENTS keeps events. */
  readonly eventsKeptMs: number;
};

/** The calls about one event. */
export const eventRoutes = (api: Api, deps: EventRouteDeps): void => {
  readRoute(api, deps);
  payloadRoute(api, deps);
  attemptsRoute(api, deps);
  deadLetterRoute(api, deps);
};

/** `GET /events/{event_id}`: an event with its payload. */
const readRoute = (api: Api, deps: EventRouteDeps): void => {
  const { reader, ownWarnings, eventsKeptMs, skippedOf } = deps;
  api.get(
    "/events/:event_id",
    {
      config: {
        audited: "payloads",
        permission: "read",
        documented: { problems: ["event_not_found"] },
      },
      schema: {
        operationId: "getEvent",
        summary: "Read an event",
        description:
          "One event with its payload byte for byte, what became of it, its last attempts and when the next one is due.",
        tags: ["Events"],
        params: pathSchema,
        querystring: noQuerySchema,
        response: {
          200: eventResponseSchema.meta({ "x-examples": EVENT_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { event_id: eventId } = request.params;
      const caller = callerOf(request);
      const found = await reader.event(caller, eventId);
      if (found === undefined) return sendProblem(reply, eventNotFound(eventId, eventsKeptMs));
      const warnings = await warningsOf(caller.workspaceId, found.event, ownWarnings);
      const skipped = skippedOf(caller, found);
      return sendJson(reply, eventResponse(found, caller, { skipped, warnings }));
    },
  );
};

/** The warnings that its publisher got. An invalid event has none. */
const warningsOf = async (
  workspaceId: string,
  { subject, body }: StoredEvent,
  ownWarnings: OwnWarnings,
): Promise<readonly EventWarning[]> => {
  const read = readEvent(subject, body);
  if (read.kind === "invalid") return [];
  const { eventType } = read.address;
  const [own = []] = await ownWarnings(workspaceId, [{ eventType, body }]);
  return [...eventWarnings(eventType, read.members, body), ...own];
};

/** `GET /events/{event_id}/payload`: the payload alone, byte for byte as it was published. */
const payloadRoute = (api: Api, { reader, eventsKeptMs }: EventRouteDeps): void => {
  api.get(
    "/events/:event_id/payload",
    {
      config: {
        audited: "payloads",
        permission: "payloads",
        documented: { problems: ["event_not_found"] },
      },
      schema: {
        operationId: "getEventPayload",
        summary: "Read an event's payload",
        description:
          "The payload alone, byte for byte as it was published: `application/json`, or `application/octet-stream` where it is no JSON.",
        tags: ["Events"],
        params: pathSchema,
        querystring: noQuerySchema,
        response: {
          200: z.unknown().meta({ "x-examples": PAYLOAD_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { event_id: eventId } = request.params;
      const event = await reader.storedEvent(callerOf(request), eventId);
      if (event === undefined) return sendProblem(reply, eventNotFound(eventId, eventsKeptMs));
      const { buffer, byteOffset, byteLength } = event.body;
      const bytes = Buffer.from(buffer, byteOffset, byteLength);
      if (embeddedPayload(bytes).kind === "json") return sendJson(reply, bytes);
      return reply.type("application/octet-stream").send(bytes);
    },
  );
};

const attemptsSchema = z
  .object({ attempts: z.array(attemptResponseSchema), next_cursor: z.string().nullable() })
  .meta({ "x-examples": ATTEMPTS_EXAMPLES });

/** `GET /events/{event_id}/attempts`: every attempt at an event, in all its deliveries, newest first. */
const attemptsRoute = (api: Api, { reader, eventsKeptMs }: EventRouteDeps): void => {
  api.get(
    "/events/:event_id/attempts",
    {
      config: {
        audited: "payloads",
        permission: "read",
        documented: { problems: ["event_not_found"] },
      },
      schema: {
        operationId: "listEventAttempts",
        summary: "List the attempts at an event",
        description:
          "Every attempt at an event in all its deliveries, redeliveries too, newest first. Read from the streams: never behind.",
        tags: ["Attempts"],
        params: pathSchema,
        querystring: pageQuerySchema,
        response: { 200: attemptsSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { event_id: eventId } = request.params;
      const { limit, cursor: beforeSeq } = request.query;
      const caller = callerOf(request);
      const event = await reader.storedEvent(caller, eventId);
      if (event === undefined) return sendProblem(reply, eventNotFound(eventId, eventsKeptMs));
      const page = { limit, beforeSeq };
      const { attempts, nextBeforeSeq } = await reader.attemptsOf(caller, event, page);
      return {
        attempts: attempts.map((one) => attemptResponse(one, caller)),
        next_cursor: nextBeforeSeq === undefined ? null : seqCursor.encode(nextBeforeSeq),
      };
    },
  );
};

/** `GET /dead-letters/{event_id}`: the dead letter of an event, which Ringback keeps longer than the event. */
const deadLetterRoute = (api: Api, { reader }: EventRouteDeps): void => {
  api.get(
    "/dead-letters/:event_id",
    {
      config: {
        audited: "payloads",
        permission: "read",
        documented: { problems: ["dead_letter_not_found"] },
      },
      schema: {
        operationId: "getDeadLetter",
        summary: "Read a dead letter",
        description:
          "Why an event was given up, also when the event itself is kept no more; of one that could not be understood with the message as it came.",
        tags: ["Dead letters"],
        params: pathSchema,
        querystring: noQuerySchema,
        response: {
          200: deadLetterResponseSchema.meta({ "x-examples": DEAD_LETTER_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { event_id: eventId } = request.params;
      const deadLetter = await reader.deadLetter(callerOf(request), eventId);
      if (deadLetter === undefined) return sendProblem(reply, deadLetterNotFound(eventId));
      return deadLetterResponse(eventId, deadLetter, callerOf(request));
    },
  );
};
