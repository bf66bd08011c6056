import type { IncomingHttpHeaders } from "node:http";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import type { Dispatcher } from "undici";
import { bodyStart } from "./response.ts";
import { ConnectError, STOOD_STILL } from "./connect-error.ts";
import type { Connection, TimedRequest } from "./one-connection.ts";

export type Exchanged =
  | {
      readonly kind: "answered";
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
      /** It went over a connection that had served others, and nothing at all came back. */
      readonly isUnheardOnReused: boolean;
    }
  /** Broken off here. */
  | { readonly kind: "given_up"; readonly why: "timeout" | "too_many_informational" };

export type Exchange = {
  readonly ended: Promise<Exchanged>;
  /** Resolves when no socket is held any more; after a deadline that is a little later. */
  readonly released: Promise<void>;
};

const MAX_INFORMATIONAL = 10;
const MAX_BODY_MS = 2_000;

/** Connecting ends sooner: this process stood still meanwhile, and another may have sent it by now. */
const MAX_START_MS = 8_000;

const NO_LONGER_WANTED = new Error("no longer waited for");

/**
 * One request and its answer, through undici's own handler interface: `request()` would make a stream,
 * an abort signal and an iterator for each answer, and most have no body. Never throws and never takes
 * longer than the deadline and what a body is read for.
 */
export const exchange = (by: Dispatcher, request: TimedRequest): Exchange => {
  const ended = Promise.withResolvers<Exchanged>();
  const released = Promise.withResolvers<void>();
  const body = bodyStart();
  const beganMs = elapsedMs();
  let controller: Dispatcher.DispatchController | undefined;
  let connection: Connection | undefined;
  let answer: Omit<Extract<Exchanged, { kind: "answered" }>, "text"> | undefined;
  let isWanted = true;
  let informational = 0;

  const breakOff = (): void => {
    isWanted = false;
    controller?.abort(NO_LONGER_WANTED);
  };
  const giveUp = (why: "timeout" | "too_many_informational"): void => {
    ended.resolve({ kind: "given_up", why }); // undici hears of it when it has connected
    breakOff();
  };
  let timer = setTimeout(giveUp, request.deadlineMs - performance.now(), "timeout");
  const over = (error?: unknown): void => {
    clearTimeout(timer);
    const isUnheardOnReused =
      connection !== undefined && connection.requests > 1 && !connection.isHeard();
    // The status decides, whatever became of the body.
    const failed = { kind: "failed", error, isUnheardOnReused } as const;
    ended.resolve(answer === undefined ? failed : { ...answer, text: body.text() });
    released.resolve();
  };
  by.dispatch(request, {
    onRequestStart: (started, goesOver: Connection | undefined) => {
      controller = started;
      connection = goesOver;
      if (elapsedMs() - beganMs > MAX_START_MS) {
        ended.resolve({
          kind: "failed",
          error: new ConnectError(STOOD_STILL),
          isUnheardOnReused: false,
        });
        isWanted = false;
      }
      if (!isWanted) breakOff();
    },
    onResponseStart: (_, status, headers) => {
      if (status < 200) {
        informational += 1;
        if (informational > MAX_INFORMATIONAL) giveUp("too_many_informational");
        return;
      }
      clearTimeout(timer);
      answer = { kind: "answered", status, headers, atMs: performance.now() };
      timer = setTimeout(breakOff, MAX_BODY_MS);
    },
    onResponseData: (_, chunk) => {
      if (!body.take(chunk)) breakOff();
    },
    onResponseEnd: () => over(),
    onResponseError: (_, error) => over(error),
  });
  return { ended: ended.promise, released: released.promise };
};
