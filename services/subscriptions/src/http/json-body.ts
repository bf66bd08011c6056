import type { Buffer } from "node:buffer";
import { parseStrictJson } from "@ringback/contracts/json/strict-json";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendProblem, quoted, type Problem } from "./problem.ts";
import type { Api } from "./api.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The body as it was sent, before defaults are filled in. */
    sentBody?: unknown;
  }
  interface FastifyContextConfig {
    /** The call says all in its path: it may come without a body and its type. */
    bodyMayBeEmpty?: boolean;
  }
}

/** The largest body that is read. */
export const MAX_BODY_BYTES = 256 * 1024;

/** The keys are several times those of the largest valid body: to make objects of more takes too long. */
export const BODY_LIMITS = { maxDepth: 32, maxKeys: 12_000 };

/** A body that is not JSON as everybody reads it; `detail` says what is wrong and repeats no value. */
export class UnreadableBodyError extends Error {
  override readonly name = "UnreadableBodyError";
  readonly detail: string;

  constructor(message: string) {
    const detail = `The body ${message}.`;
    super(detail);
    this.detail = detail;
  }
}

/** Reads bodies with the one strict reader; an empty one is none where the call has none. */
export const readJsonBodies = (app: Api): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    "application/json",
    { parseAs: "buffer" },
    (request, body, done) => {
      const mayBeEmpty = request.method === "DELETE" || request.routeOptions.config.bodyMayBeEmpty;
      if (body.byteLength === 0 && mayBeEmpty === true) return done(null, undefined);
      const json = parseStrictJson(body, BODY_LIMITS);
      if (json.kind !== "value") return done(new UnreadableBodyError(json.message));
      request.sentBody = json.value;
      return done(null, json.value);
    },
  );
};

const WITH_BODY: ReadonlySet<string> = new Set(["POST", "PATCH", "PUT"]);

/** Refuses what is sent as anything but JSON, before a byte of it is read. */
export const requireJson = (api: Pick<Api, "addHook">): void => {
  api.addHook("onRequest", async (request, reply) => {
    if (!WITH_BODY.has(request.method)) return undefined;
    if (request.routeOptions.config.bodyMayBeEmpty === true && isEmpty(request)) return undefined;
    const { rawHeaders } = request.raw;
    const problem =
      typeProblem(valuesOf("content-type", rawHeaders)) ??
      encodingProblem(valuesOf("content-encoding", rawHeaders));
    return problem === undefined ? undefined : sendProblem(reply, problem);
  });
};

/** No body comes: RFC 9112 section 6.3. */
const isEmpty = ({ headers }: Pick<FastifyRequest, "headers">): boolean =>
  (headers["content-length"] ?? "0") === "0" &&
  headers["transfer-encoding"] === undefined &&
  headers["content-type"] === undefined;

/** Every value of a header: of a second one, `headers` keeps nothing. */
const valuesOf = (name: string, rawHeaders: readonly string[]): string[] =>
  rawHeaders.filter((_, n) => n % 2 === 1 && rawHeaders[n - 1]?.toLowerCase() === name);

// As it was sent and as a whole: readers differ in what they make of tabs, parameters and repeated
// headers, and a type that one takes for JSON and another does not passes by the checks of one.
const JSON_TYPE = /^application\/json(?:; ?charset=(?:utf-8|"utf-8"))?$/i;

const typeProblem = (sent: readonly string[]): Problem | undefined => {
  const [type = ""] = sent;
  if (sent.length === 1 && JSON_TYPE.test(type)) return undefined;
  const got =
    sent.length === 0
      ? "There is no Content-Type"
      : sent.length > 1
        ? `There are ${sent.length} Content-Type headers`
        : `Content-Type is ${quoted(type)}`;
  const detail = `${got}: expected application/json, with charset=utf-8 or without.`;
  return { code: "unsupported_media_type", detail };
};

const encodingProblem = (sent: readonly string[]): Problem | undefined => {
  if (sent.every((encoding) => encoding.toLowerCase() === "identity")) return undefined;
  const detail = `Content-Encoding is ${quoted(sent.join(", "))}: send the body as it is, without one.`;
  return { code: "unsupported_media_type", detail };
};

/** Responses with a text that is JSON already, such as one with a payload in it as it was stored. */
export const sendJson = (reply: Pick<FastifyReply, "type" | "send">, json: Buffer) =>
  reply.type("application/json; charset=utf-8").send(json);
