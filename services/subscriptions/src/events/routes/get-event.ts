import { Buffer } from "node:buffer";
import { readEvent } from "@ringback/contracts/events/event";
import { eventWarnings, type EventWarning } from "@ringback/contracts/events/event-warnings";
import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { eventNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { embeddedPayload } from "./embedded-payload.ts";
import { eventResponse, eventResponseSchema } from "./event-response.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import type { StoredEvent } from "../stored-event.ts";
import { sendJson } from "../../http/json-body.ts";
import type { Api } from "../../http/api.ts";
import type { OwnWarnings } from "../../event-types/own-warnings.ts";
import type { EventReader } from "../event-reader.ts";

/** The event in a path. An invalid id never matches an event. */
export const eventPathSchema = z.object({ event_id: z.string() });

/** `GET /events/{event_id}`, and its payload alone, byte for byte as it was published. */
export const getEventRoute = (api: Api, reader: EventReader, ownWarnings: OwnWarnings): void => {
  const schema = { params: eventPathSchema, querystring: noQuerySchema };
  api.get(
    "/events/:event_id",
    {
      config: { scope: "read", documented: { problems: ["event_not_found"] } },
      schema: {
        ...schema,
        operationId: "getEvent",
        summary: "Read an event",
        description:
          "One event with its payload byte for byte, what became of it, its last attempts and when the next one is due.",
        tags: ["Events"],
        response: { 200: eventResponseSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { event_id: eventId } = request.params;
      const found = await reader.event(callerOf(request).workspaceId, eventId);
      if (found === undefined) return sendProblem(reply, eventNotFound(eventId));
      const { event, state } = found;
      const { workspaceId } = callerOf(request);
      const warnings = await warningsOf(workspaceId, event, ownWarnings);
      return sendJson(reply, eventResponse(found.eventId, event, state, warnings));
    },
  );
  api.get(
    "/events/:event_id/payload",
    {
      config: { scope: "read", documented: { problems: ["event_not_found"] } },
      schema: {
        ...schema,
        operationId: "getEventPayload",
        summary: "Read an event's payload",
        description:
          "The payload alone, byte for byte as it was published: `application/json`, or `application/octet-stream` where it is no JSON.",
        tags: ["Events"],
        response: { 200: z.unknown(), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { event_id: eventId } = request.params;
      const event = await reader.storedEvent(callerOf(request).workspaceId, eventId);
      if (event === undefined) return sendProblem(reply, eventNotFound(eventId));
      const { buffer, byteOffset, byteLength } = event.body;
      const bytes = Buffer.from(buffer, byteOffset, byteLength);
      if (embeddedPayload(bytes).kind === "json") return sendJson(reply, bytes);
      // The payload is not JSON: send it as a file.
      return sendFile(reply, bytes);
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

const sendFile = (reply: Parameters<typeof sendJson>[0], bytes: Buffer) =>
  reply.type("application/octet-stream").send(bytes);
