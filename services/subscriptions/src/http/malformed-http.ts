import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Api } from "./api.ts";
import { problemBody, PROBLEM_CONTENT_TYPE, type Problem } from "./problem.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** Sockets of requests that have their response already, though not all of their body has come. */
const responded = new WeakSet<Socket>();

/** Remembers which requests have their response, so that `respondToMalformedHttp` sends none a second one. */
export const noteResponses = (app: Pick<Api, "addHook">): void => {
  app.addHook("onRequest", async ({ raw }) => {
    responded.delete(raw.socket);
  });
  app.addHook("onResponse", async ({ raw }) => {
    if (!raw.complete) responded.add(raw.socket);
  });
};

/**
 * Responds to what never became a request: bytes that are not HTTP, headers that are too large, a request
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
    `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status]}\r\n${lines.join("")}\r\n${text}`,
  );
};

/** Responds to an `Expect` other than `100-continue`: such a request never comes to fastify. */
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
