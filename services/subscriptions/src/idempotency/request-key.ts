import type { FastifyRequest } from "fastify";
import { idempotencyKeyIn } from "./decide/key.ts";
import type { RequestKey } from "../agents/run-once.ts";
import type { Problem } from "../http/problem.ts";
import { requestKeyOf } from "./request-hash.ts";

export type ReadRequestKey =
  /** Undefined: the request is carried out each time that it comes. */
  | { readonly kind: "read"; readonly key: RequestKey | undefined }
  | { readonly kind: "problem"; readonly problem: Problem };

/** A request's `Idempotency-Key` with what it asks for, as hashes. */
export const requestKeyIn = (request: FastifyRequest): ReadRequestKey => {
  const sent = request.headers["idempotency-key"];
  if (sent === undefined) return { kind: "read", key: undefined };
  const read = typeof sent === "string" ? idempotencyKeyIn(sent) : ({ kind: "invalid" } as const);
  if (read.kind === "invalid") {
    const detail =
      "Idempotency-Key: expected once, 1 to 255 visible ASCII characters such as a UUID.";
    return { kind: "problem", problem: { code: "bad_request", detail } };
  }
  const [path = ""] = request.url.split("?");
  const { method, body, sentBody, headers } = request;
  const content = { method, path, ifMatch: headers["if-match"], body, sentBody };
  return { kind: "read", key: requestKeyOf(read.key, content) };
};
