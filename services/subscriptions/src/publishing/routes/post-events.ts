import type { Buffer } from "node:buffer";
import type { FastifyRequest, FastifySchemaCompiler } from "fastify";
import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { idempotencyKeyIn } from "../../idempotency/decide/key.ts";
import { MAX_EVENTS } from "../check-request.ts";
import { ingest, type IngestDeps } from "../publish-events.ts";
import { ingestAnswerSchema, partialProblemSchema } from "../publish-response.ts";
import { problemResponses, sendProblem, type Problem } from "../../http/problem.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { InvalidRequestError, validatorCompiler } from "../../http/validation.ts";
import type { Api } from "../../http/api.ts";

/** The largest request. */
const MAX_INGEST_BYTES = 8 * 1024 * 1024;

const eventSchema = z.looseObject({
  event_type: z.string(),
  call_id: z.string(),
  agent_id: z.string(),
});

/** `POST /events`: stores events for producers without NATS, all of them checked before the first. */
export const postEventsRoute = (api: Api, deps: IngestDeps): void => {
  void api.register(async (own: Api) => {
    readRawBodies(own);
    own.setValidatorCompiler(allButTheBody);
    own.post(
      "/events",
      {
        config: { scope: "admin", documented: { problems: ["events_full", "event_differs"] } },
        bodyLimit: MAX_INGEST_BYTES,
        schema: {
          operationId: "publishEvents",
          summary: "Publish events",
          description:
            "One event, or a list of up to 1,000: all are checked before the first is stored, and 202 means that all are stored. At most 8 MiB, and 1 MiB an event. An endpoint gets the bytes of its event as they are in the request. Sent again within 10 minutes, what is stored is not stored twice; with an `Idempotency-Key` that counts by the key: another event under it is answered 409.",
          tags: ["Publishing"],
          querystring: noQuerySchema,
          body: z.union([eventSchema, z.array(eventSchema).min(1).max(MAX_EVENTS)]),
          response: {
            202: ingestAnswerSchema,
            ...problemResponses,
            409: partialProblemSchema,
            "5xx": partialProblemSchema,
          },
        },
      },
      async (request, reply) => {
        const key = keyIn(request);
        if (key.kind === "problem") return sendProblem(reply, key.problem);
        const body = request.body as unknown as Buffer;
        const { workspaceId, keyDigest } = callerOf(request);
        const publisher = { keyDigest, idempotencyKey: key.key };
        const sent = { workspaceId, body, publisher, trace: request.span?.context };
        const done = await ingest(sent, deps);
        switch (done.kind) {
          case "all":
            return reply.code(202).send(done.answer);
          case "invalid_json":
            return sendProblem(reply, {
              code: "invalid_json",
              detail: `The body ${done.message}: nothing was stored.`,
            });
          case "invalid":
            throw new InvalidRequestError(done.errors);
          case "partial":
            return sendProblem(reply, done.problem, { events: done.events });
          default:
            return done satisfies never;
        }
      },
    );
  });
};

/** The body stays the bytes that were sent, as they are what an endpoint will get; `ingest` reads it. */
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

const keyIn = (
  request: FastifyRequest,
):
  | { readonly kind: "key"; readonly key: string | undefined }
  | { readonly kind: "problem"; readonly problem: Problem } => {
  const sent = request.headers["idempotency-key"];
  if (sent === undefined) return { kind: "key", key: undefined };
  const read = typeof sent === "string" ? idempotencyKeyIn(sent) : ({ kind: "invalid" } as const);
  if (read.kind !== "invalid") return { kind: "key", key: read.key };
  const detail =
    "Idempotency-Key: expected once, 1 to 255 visible ASCII characters such as a UUID.";
  return { kind: "problem", problem: { code: "bad_request", detail } };
};
