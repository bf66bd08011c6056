import type { IncomingHttpHeaders } from "node:http";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import type { Dispatcher } from "undici";
import { bodyStart } from "./response.ts";
import { ConnectError, STOOD_STILL, timerAfterReading } from "./connect-tcp.ts";
import type { Connection, TimedRequest } from "./one-connection.ts";

export type Exchanged =
  | {
      readonly kind: "responded";
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      /** As `performance.now()` says it: when status and headers were there. */
      readonly atMs: number;
      /** The beginning of the body, as text. */
      readonly text: string;
    }
  | {
      readonly kind: "failed";
      readonly error: unknown;
      /** The request went over a reused connection, which received not one byte. */
      readonly isReusedWithoutResponse: boolean;
    }
  /** Ended by this process. */
  | { readonly kind: "aborted"; readonly reason: "timeout" | "too_many_informational" };

export type Exchange = {
  readonly ended: Promise<Exchanged>;
  /** Resolves when no socket is held any more; after a deadline that is a little later. */
  readonly released: Promise<void>;
};

const MAX_INFORMATIONAL = 10;
const MAX_BODY_MS = 2_000;

/** From the check that this process is to send; connecting ends sooner. Later than that it stood still, and another may have sent. */
const MAX_START_MS = 8_000;

const CANCELLED = new Error("no longer waited for");

/**
 * One request and its response, through undici's own handler interface: `request()` would make a stream,
 * an abort signal and an iterator for each response, and most have no body. Never throws and never takes
 * longer than the deadline and what a body is read for.
 */
export const exchange = (by: Dispatcher, request: TimedRequest): Exchange => {
  const ended = Promise.withResolvers<Exchanged>();
  const released = Promise.withResolvers<void>();
  const body = bodyStart();
  let controller: Dispatcher.DispatchController | undefined;
  let connection: Connection | undefined;
  let response: Omit<Extract<Exchanged, { kind: "responded" }>, "text"> | undefined;
  let isWanted = true;
  let informational = 0;

  const cancel = (): void => {
    isWanted = false;
    controller?.abort(CANCELLED);
  };
  const abort = (reason: "timeout" | "too_many_informational"): void => {
    ended.resolve({ kind: "aborted", reason }); // undici learns of it once it has connected
    cancel();
  };
  const leftMs = request.deadlineMs - performance.now();
  let stopTimer = timerAfterReading(leftMs, () => abort("timeout"));
  const over = (error?: unknown): void => {
    stopTimer();
    const isReusedWithoutResponse =
      connection !== undefined && connection.requests > 1 && !connection.hasReceived();
    // The status decides, even if the body failed.
    const failed = { kind: "failed", error, isReusedWithoutResponse } as const;
    ended.resolve(response === undefined ? failed : { ...response, text: body.text() });
    released.resolve();
  };
  by.dispatch(request, {
    onRequestStart: (started, goesOver: Connection | undefined) => {
      controller = started;
      connection = goesOver;
      if (elapsedMs() - request.checkedMs > MAX_START_MS) {
        ended.resolve({
          kind: "failed",
          error: new ConnectError(STOOD_STILL),
          isReusedWithoutResponse: false,
        });
        isWanted = false;
      }
      if (!isWanted) cancel();
    },
    onResponseStart: (_, status, headers) => {
      if (status < 200) {
        informational += 1;
        if (informational > MAX_INFORMATIONAL) abort("too_many_informational");
        return;
      }
      stopTimer();
      response = { kind: "responded", status, headers, atMs: performance.now() };
      stopTimer = timerAfterReading(MAX_BODY_MS, cancel);
    },
    onResponseData: (_, chunk) => {
      if (!body.take(chunk)) cancel();
    },
    onResponseEnd: () => over(),
    onResponseError: (_, error) => over(error),
  });
  return { ended: ended.promise, released: released.promise };
};
