import type { Buffer } from "node:buffer";
import type { FastifySchemaCompiler } from "fastify";
import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { keyIn } from "../../idempotency/request-key.ts";
import { MAX_EVENTS } from "../check-request.ts";
import { publishEvents, type PublishDeps } from "../publish-events.ts";
import { PUBLISH_EXAMPLES, PUBLISHED_EXAMPLES } from "./publish-examples.ts";
import { publishResponseSchema, partialProblemSchema } from "./publish-response.ts";
import { problemResponses, sendProblem } from "../../http/problem.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { validatorCompiler } from "../../http/validation.ts";
import type { Api } from "../../http/api.ts";

/** The largest request. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;

const eventSchema = z.looseObject({
  event_type: z.string(),
  call_id: z.string(),
  agent_id: z.string(),
});

const eventsSchema = z.array(eventSchema).min(1).max(MAX_EVENTS);

/** `POST /events`: stores events for producers without NATS, all of them checked before the first. */
export const postEventsRoute = (api: Api, deps: PublishDeps): void => {
  void api.register(async (own: Api) => {
    readRawBodies(own);
    own.setValidatorCompiler(allButTheBody);
    own.post(
      "/events",
      {
        config: {
          audited: "nothing",
          permission: "publish",
          documented: {
            problems: ["events_full", "agent_not_allowed"],
            takes: ["Idempotency-Key of events"],
          },
        },
        bodyLimit: MAX_REQUEST_BYTES,
        schema: {
          operationId: "publishEvents",
          summary: "Publish events",
          description:
            "One event, or a list of up to 1,000, also as the `events` of an object: all are checked before the first is stored, and 202 means that all are stored. At most 8 MiB, and 1 MiB an event. An endpoint gets the bytes of its event as they are in the request. Sent again within 10 minutes, what is stored is not stored twice; with an `Idempotency-Key` that counts by the key, and another event under it gets 409.",
          tags: ["Publishing"],
          querystring: noQuerySchema,
          body: z
            .union([eventSchema, eventsSchema, z.object({ events: eventsSchema })])
            .meta({ "x-examples": PUBLISH_EXAMPLES }),
          response: {
            202: publishResponseSchema.meta({ "x-examples": PUBLISHED_EXAMPLES }),
            ...problemResponses,
            409: partialProblemSchema,
            "5xx": partialProblemSchema,
          },
        },
      },
      async (request, reply) => {
        const key = keyIn(request.headers);
        if (key.kind === "rejected") return sendProblem(reply, key);
        const body = request.body as unknown as Buffer;
        const { workspaceId, agents, keyDigest } = callerOf(request);
        const publisher = { keyDigest, idempotencyKey: key.key };
        const sent = { workspaceId, agents, body, publisher, trace: request.span?.context };
        const done = await publishEvents(sent, deps);
        return done.kind === "all"
          ? reply.code(202).send({ events: done.events })
          : sendProblem(reply, done, { events: done.events });
      },
    );
  });
};

/** The body stays the bytes that were sent, because endpoints get these bytes; `publishEvents` reads it. */
const allButTheBody: FastifySchemaCompiler<z.ZodType> = (part) =>
  part.httpPart === "body" ? (value) => ({ value }) : validatorCompiler(part);

const readRawBodies = (own: Api): void => {
  own.removeContentTypeParser("application/json");
  own.addContentTypeParser<Buffer>(
    "application/json",
    { parseAs: "buffer" },
    (_request, body, done) => done(null, body),
  );
};
