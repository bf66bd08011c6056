import { EventSourceParserStream } from "eventsource-parser/stream";
import { BASE_PATH, requestApi } from "../../api/client.ts";
import { messageOf, ProblemError } from "../../api/problem.ts";
import type { LiveMessage } from "./live-rows.ts";

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 5_000;

/** The API sends a sign of life every 10 s: a connection silent for this long is dead. */
const SILENT_FOR_MS = 35_000;

/** Characters of one message. */
const MAX_BUFFERED = 4 * 2 ** 20;

/** For these a further try is useless. */
const FINAL = new Set([400, 401, 403, 404, 422]);

export type LiveListener = {
  /** The position to go on from; asked before each connection. */
  readonly lastId: () => string | undefined;
  readonly onOpen: () => void;
  readonly onMessage: (message: LiveMessage) => void;
  readonly onLost: (reason: string) => void;
};

/**
 * Follows `GET /stream` over as many connections as it takes: each goes on after the last message. Ends with the signal;
 * throws a `ProblemError` for what no further try can change.
 */
export const followStream = async (
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
  listener: LiveListener,
): Promise<void> => {
  for (let failures = 0; !signal.aborted; failures += 1) {
    let reason = "the API ended the connection";
    try {
      await readOnce(query, signal, {
        ...listener,
        onMessage: (message) => {
          failures = 0;
          listener.onMessage(message);
        },
      });
    } catch (error) {
      if (error instanceof ProblemError && FINAL.has(error.problem.status)) throw error;
      reason = messageOf(error);
    }
    if (signal.aborted) return;
    listener.onLost(reason);
    await waitFor(Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10)), signal);
  }
};

const readOnce = async (
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
  { lastId, onOpen, onMessage }: LiveListener,
): Promise<void> => {
  const silent = new AbortController();
  const silence = () => setTimeout(() => silent.abort(), SILENT_FOR_MS);
  let timer = silence();
  const from = lastId();
  const request = new Request(
    `${location.origin}${BASE_PATH}/stream?${new URLSearchParams(query).toString()}`,
    {
      headers: from === undefined ? {} : { "last-event-id": from },
      signal: AbortSignal.any([signal, silent.signal]),
    },
  );
  try {
    const { body } = await requestApi(request, true);
    if (body === null) throw new Error("The API responded without a body.");
    onOpen();
    const heard = new TransformStream<Uint8Array, Uint8Array>({
      transform: (bytes, controller) => {
        clearTimeout(timer);
        timer = silence();
        controller.enqueue(bytes);
      },
    });
    const messages = body
      .pipeThrough(heard)
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream({ maxBufferSize: MAX_BUFFERED }))
      .getReader();
    for (;;) {
      const { done, value } = await messages.read();
      if (done) return;
      onMessage({ id: value.id, name: value.event ?? "message", data: jsonIn(value.data) });
    }
  } finally {
    clearTimeout(timer);
  }
};

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const waitFor = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
