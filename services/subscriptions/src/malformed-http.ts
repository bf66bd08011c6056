import type { Socket } from "node:net";
import { problemBody, PROBLEM_CONTENT_TYPE } from "./problem.ts";

/**
 * Answers what never became a request: bytes that are not HTTP, headers that are too large, a request
 * that took too long to arrive. There is no reply then, only the connection.
 */
export const answerMalformedHttp = (error: NodeJS.ErrnoException, socket: Socket): void => {
  // The caller is gone, or had an answer already: nothing to say.
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) return;
  const body = problemBody({ code: "bad_request", detail: "The request is not readable HTTP." });
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${body.status} Bad Request\r\ncontent-type: ${PROBLEM_CONTENT_TYPE}\r\n` +
      `content-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`,
  );
};
