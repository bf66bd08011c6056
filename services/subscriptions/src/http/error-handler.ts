import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { logRepeated } from "@ringback/runtime/telemetry/repeated";
import { isTooLarge } from "@ringback/runtime/nats/errors";
import { MAX_BODY_BYTES } from "./json-body.ts";
import { sendProblem, type Problem } from "./problem.ts";
import { RefusedError } from "./refused-error.ts";
import { isUnavailable } from "../streams/ask.ts";

/** Responds to every error that a handler or the framework throws, and logs those that are not the caller's. */
export const errorHandler =
  (log: Logger) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (error instanceof RefusedError) {
      if (error.waitSeconds !== undefined) reply.header("retry-after", error.waitSeconds);
      return sendProblem(reply, error.problem);
    }
    const problem = problemOf(error, request.routeOptions.bodyLimit);
    if (problem.code === "internal_error") {
      log.error({ err: error, ...idsOf(request) }, "http.failed");
    } else if (problem.code === "unavailable") {
      logRepeated(log, { err: error, ...idsOf(request) }, "http.unavailable");
    }
    return sendProblem(reply, problem);
  };

/** What finds the request elsewhere: in its other line, in its workspace, in its trace. */
const idsOf = ({ id, caller, span }: FastifyRequest) => ({
  request_id: id,
  workspace_id: caller?.workspaceId,
  trace_id: span?.context.traceId,
});

const problemOf = (error: unknown, maxBodyBytes = MAX_BODY_BYTES): Problem => {
  if (isUnavailable(error)) {
    // A change without a reply from NATS may be stored. A retry is safe in both cases.
    const detail = "The request could not be confirmed as done: retry in a moment.";
    return { code: "unavailable", detail };
  }
  if (isTooLarge(error)) {
    const detail =
      "What would be stored is larger than this service can store: name fewer or smaller subscriptions, or ask the operator for a larger limit.";
    return { code: "payload_too_large", detail };
  }
  const { code = "", statusCode = 500 } = error as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    const detail = `The body is larger than ${maxBodyBytes} bytes.`;
    return { code: "payload_too_large", detail };
  }
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return { code: "unsupported_media_type", detail: "Send the body as application/json." };
  }
  if (statusCode >= 400 && statusCode < 500) {
    return { code: "bad_request", detail: "The request is malformed." };
  }
  return { code: "internal_error", detail: "Try again, and report it if it stays." };
};
