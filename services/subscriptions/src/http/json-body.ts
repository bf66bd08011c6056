import type { Buffer } from "node:buffer";
import { parseStrictJson } from "@ringback/contracts/json/strict-json";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendProblem, type Problem } from "./problem.ts";
import { quoted } from "./decide/shown.ts";
import { RefusedError } from "./refused-error.ts";
import type { Api } from "./api.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The body as the caller sent it, without defaults. */
    sentBody?: unknown;
  }
  interface FastifyContextConfig {
    /** The call needs no more than its path: a request may have neither a body nor a content type. */
    bodyMayBeEmpty?: boolean;
    /** Numbers of the body from 2^53 up are ExactNumbers, and keep their digits. */
    exactNumbers?: boolean;
  }
}

/** The largest body that the API reads. */
export const MAX_BODY_BYTES = 256 * 1024;

/** Several times the keys of the largest valid body. Parsing many more blocks the event loop for too long. */
export const BODY_LIMITS = { maxDepth: 32, maxKeys: 12_000 };

/** Reads bodies with the strict reader. A call that needs no body takes an empty one. */
export const readJsonBodies = (app: Api): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    "application/json",
    { parseAs: "buffer" },
    (request, body, done) => {
      const mayBeEmpty = request.method === "DELETE" || request.routeOptions.config.bodyMayBeEmpty;
      if (body.byteLength === 0 && mayBeEmpty === true) return done(null, undefined);
      const exactNumbers = request.routeOptions.config.exactNumbers === true;
      const json = parseStrictJson(body, { ...BODY_LIMITS, exactNumbers });
      if (json.kind !== "value") {
        const detail = `The body ${json.message}.`; // which repeats no value
        return done(new RefusedError({ code: "invalid_json", detail }));
      }
      request.sentBody = json.value;
      return done(null, json.value);
    },
  );
};

const WITH_BODY: ReadonlySet<string> = new Set(["POST", "PATCH", "PUT"]);

/** Refuses bodies of other types than JSON before reading a byte of them. */
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

/** The request has no body (RFC 9112 section 6.3). */
const isEmpty = ({ headers }: Pick<FastifyRequest, "headers">): boolean =>
  (headers["content-length"] ?? "0") === "0" &&
  headers["transfer-encoding"] === undefined &&
  headers["content-type"] === undefined;

/** Every value of a header; `headers` keeps only the first. */
const valuesOf = (name: string, rawHeaders: readonly string[]): string[] =>
  rawHeaders.filter((_, n) => n % 2 === 1 && rawHeaders[n - 1]?.toLowerCase() === name);

// Matches the whole value as it was sent: readers differ on tabs, parameters and repeated headers, so a looser
// match would let a type pass that a proxy before this API reads as another one.
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

/** Sends a response that is JSON text already, for example with a stored payload in it. */
export const sendJson = (reply: Pick<FastifyReply, "type" | "send">, json: Buffer) =>
  reply.type("application/json; charset=utf-8").send(json);
