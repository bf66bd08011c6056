import { setTimeout as wait } from "node:timers/promises";
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { ApiClient } from "./api-client.ts";
import { problemOf } from "./problem.ts";
import { CliError } from "../cli-error.ts";

/** One event of `GET /stream`. */
export type LiveEvent = { readonly name: string; readonly data: unknown };

export type LiveOptions = {
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Called whenever the connection is lost, with the time until the next try. */
  readonly onLost: (reason: string, againMs: number) => void;
  readonly onOpen: () => void;
};

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;

/** The service sends a heartbeat every 10 s: a connection silent for this long is dead. */
const SILENT_FOR_MS = 35_000;

/** Characters of one message: an event has at most 1 MiB. */
const MAX_BUFFERED = 8 * 2 ** 20;

/** Statuses for which a retry is useless. */
const FINAL = new Set([400, 401, 403, 404, 405, 422]);

/**
 * The stream's events, over as many connections as needed: each new one resumes after the last event.
 * Ends when the signal is aborted; throws for a response of status `FINAL`.
 */
export async function* liveEvents(
  client: ApiClient,
  { query, signal, onLost, onOpen }: LiveOptions,
): AsyncGenerator<LiveEvent> {
  let lastId: string | undefined;
  for (let failures = 0; !signal.aborted; failures += 1) {
    let reason = "the service ended it";
    try {
      const connection = await open(client, query, lastId, signal);
      onOpen();
      for await (const { id, event, data } of connection) {
        failures = 0;
        lastId = id ?? lastId;
        yield { name: event ?? "message", data: JSON.parse(data) as unknown };
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof FinalRefusal) throw error.problem;
      reason = error instanceof Error ? error.message : String(error);
    }
    if (signal.aborted) return;
    const againMs = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10));
    onLost(reason, againMs);
    await wait(againMs, undefined, { signal }).catch(() => undefined);
  }
}

class FinalRefusal extends Error {
  readonly problem: CliError;

  constructor(problem: CliError) {
    super(problem.message);
    this.problem = problem;
  }
}

const open = async (
  client: ApiClient,
  query: LiveOptions["query"],
  lastId: string | undefined,
  signal: AbortSignal,
) => {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(new CliError("nothing was heard")), SILENT_FOR_MS);
  timer.unref();
  const response = await client.fetch({
    path: "/stream",
    query,
    headers: lastId === undefined ? {} : { "last-event-id": lastId },
    signal: AbortSignal.any([signal, silent.signal]),
  });
  if (!response.ok) {
    const problem = await problemOf(response);
    throw FINAL.has(response.status) ? new FinalRefusal(problem) : problem;
  }
  if (response.body === null) throw new CliError("the answer has no body");
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform: (bytes, controller) => {
      timer.refresh();
      controller.enqueue(bytes);
    },
    flush: () => clearTimeout(timer),
  });
  return response.body
    .pipeThrough(heard)
    .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
    .pipeThrough(new EventSourceParserStream({ maxBufferSize: MAX_BUFFERED }));
};
