import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { isTooLarge } from "@ringback/runtime/nats/errors";
import { MAX_BODY_BYTES, UnreadableBodyError } from "./json-body.ts";
import { OverloadedError } from "./overload.ts";
import { sendProblem, type Problem } from "./problem.ts";
import { isUnavailable } from "../streams/ask.ts";
import { InvalidRequestError } from "./validation.ts";

export type ErrorDeps = {
  readonly log: Logger;
  /** The problem of an error that a feature throws for more than a caller's share, and how long to wait. */
  readonly limitProblemOf?: (
    error: unknown,
  ) => { readonly problem: Problem; readonly waitSeconds: number | undefined } | undefined;
};

/** Responses every error that a handler or the framework throws; only our own are logged. */
export const errorHandler =
  ({ log, limitProblemOf = () => undefined }: ErrorDeps) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const limit = limitProblemOf(error);
    if (limit !== undefined) {
      if (limit.waitSeconds !== undefined) reply.header("retry-after", limit.waitSeconds);
      return sendProblem(reply, limit.problem);
    }
    const problem = problemOf(error, request.routeOptions.bodyLimit);
    if (problem.code === "internal_error") {
      log.error({ err: error, request_id: request.id }, "http.failed");
    } else if (problem.code === "unavailable") {
      log.warn({ err: error, request_id: request.id }, "http.unavailable");
    }
    return sendProblem(reply, problem);
  };

// The names of fastify's errors that callers can do something about.
const FRAMEWORK_PROBLEMS: Readonly<Record<string, Problem>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: "unsupported_media_type",
    detail: "Send the body as application/json.",
  },
};

const problemOf = (error: unknown, maxBodyBytes = MAX_BODY_BYTES): Problem => {
  if (error instanceof InvalidRequestError) {
    const detail = "See errors for everything that is wrong.";
    return { code: "validation_failed", detail, errors: error.errors };
  }
  if (error instanceof UnreadableBodyError) return { code: "invalid_json", detail: error.detail };
  if (error instanceof OverloadedError) {
    return { code: "overloaded", detail: "Nothing was done: retry in some seconds." };
  }
  if (isUnavailable(error)) {
    // An append whose answer is missing may be stored: asking again is safe either way.
    const detail = "The request could not be confirmed as done: retry in a moment.";
    return { code: "unavailable", detail };
  }
  if (isTooLarge(error)) {
    const detail =
      "What would be stored is larger than NATS takes (max_payload): fewer or smaller subscriptions, or ask the operator for a larger limit.";
    return { code: "payload_too_large", detail };
  }
  const { code = "", statusCode = 500 } = error as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    const detail = `The body is larger than ${maxBodyBytes} bytes.`;
    return { code: "payload_too_large", detail };
  }
  const known = FRAMEWORK_PROBLEMS[code];
  if (known !== undefined) return known;
  if (statusCode >= 400 && statusCode < 500) {
    return { code: "bad_request", detail: "The request is malformed." };
  }
  return { code: "internal_error", detail: "Try again, and report it if it stays." };
};
