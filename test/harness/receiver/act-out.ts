import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Behaviour } from "./behaviour.ts";

/** What a behaviour is acted out on. `socket` speaks to the client, in TLS where there is TLS. */
export interface Stage {
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** Ends the TCP connection with a reset. */
  readonly reset: () => void;
}

const ENDLESS_CHUNK = Buffer.alloc(8 * 1024, "x");

/** Answers, or fails to, as the behaviour says. The request has been read if it is to be. */
export function actOut(behaviour: Behaviour, { response, socket, reset }: Stage): void {
  switch (behaviour.kind) {
    case "status":
      answer(response, behaviour);
      return;
    case "late_status":
      untilClosed(
        response,
        setTimeout(
          () => response.writeHead(behaviour.status, behaviour.headers).end(),
          behaviour.afterMs,
        ),
      );
      return;
    case "hang":
      return;
    case "reset_before_reading":
    case "reset_after_reading":
      reset();
      return;
    case "drip_informational":
      response.writeProcessing();
      repeat(response, behaviour.everyMs, () => response.writeProcessing());
      return;
    case "drip_header_bytes":
      socket.write("HTTP/1.1 200 OK\r\nx-drip: ");
      repeat(response, behaviour.everyMs, () => socket.write("x"));
      return;
    case "endless_body":
      response.writeHead(behaviour.status);
      response.write(ENDLESS_CHUNK);
      repeat(response, 5, () => {
        if (!response.writableNeedDrain) response.write(ENDLESS_CHUNK);
      });
      return;
    case "broken_body":
      response.writeHead(behaviour.status, { "content-length": 1_000 });
      response.write("less than 1000 bytes", () => socket.destroy());
      return;
    case "half_answer":
      socket.end("HTTP/1.1 200 OK\r\ncontent-ty", () => socket.destroy());
      return;
    case "garbage":
      socket.end("SSH-2.0-OpenSSH_9.9\r\n", () => socket.destroy());
  }
}

/** Not `writeHead`: without it Node gives the body's length instead of sending it in chunks. */
function answer(
  response: ServerResponse,
  { status, headers = {}, body }: Extract<Behaviour, { kind: "status" }>,
): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.end(body);
}

function repeat(response: ServerResponse, everyMs: number, step: () => void): void {
  untilClosed(response, setInterval(step, everyMs));
}

/** The answer's close, not the socket's: a kept-alive socket would gather a listener per request. */
function untilClosed(response: ServerResponse, timer: NodeJS.Timeout): void {
  response.once("close", () => clearTimeout(timer));
}
