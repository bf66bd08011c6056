import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { problemBody, PROBLEM_CONTENT_TYPE, type Problem } from "./problem.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** Sockets whose request has its answer already, though not all of it has come. */
const responded = new WeakSet<Socket>();

/** Remembers whether this connection's present request has its response: a second one would be another's. */
export const setResponded = (socket: Socket, hasResponse: boolean): void => {
  if (hasResponse) responded.add(socket);
  else responded.delete(socket);
};

/**
 * Responses what never became a request: bytes that are not HTTP, headers that are too large, a request
 * that took too long to arrive. There is no reply then, only the connection.
 */
export const respondToMalformedHttp = (error: NodeJS.ErrnoException, socket: Socket): void => {
  // The caller is gone: nothing to say.
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) return;
  if (responded.has(socket)) {
    socket.destroy();
    return;
  }
  const problem = PROBLEMS[error.code ?? ""] ?? UNREADABLE;
  const body = problemBody(problem);
  const text = JSON.stringify(body);
  const headers = {
    "content-type": PROBLEM_CONTENT_TYPE,
    "content-length": String(text.length),
    connection: "close",
    ...SECURITY_HEADERS,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${body.status} ${REASONS[body.status] ?? ""}\r\n${lines.join("")}\r\n${text}`,
  );
};

/** Responses a request with an `Expect` that is not `100-continue`, which never comes to fastify. */
export const rejectExpectation = (_request: IncomingMessage, response: ServerResponse): void => {
  const detail = "Expect: only 100-continue is known here.";
  const body = problemBody({ code: "expectation_failed", detail });
  const headers = { "content-type": PROBLEM_CONTENT_TYPE, ...SECURITY_HEADERS };
  response.writeHead(body.status, headers).end(JSON.stringify(body));
};

const UNREADABLE: Problem = { code: "bad_request", detail: "The request is not readable HTTP." };

// The codes of Node's errors that say more.
const PROBLEMS: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: "request_timeout",
    detail: "The request did not arrive as a whole in time: send it without pauses.",
  },
  HPE_HEADER_OVERFLOW: {
    code: "headers_too_large",
    detail: "The request line and the headers are larger than 16384 bytes together.",
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    code: "payload_too_large",
    detail: "The extensions of the body's chunks are too large.",
  },
};

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
};
