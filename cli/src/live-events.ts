import { setTimeout as wait } from "node:timers/promises";
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { ApiClient } from "./api-client.ts";
import { problemOf } from "./api-client.ts";
import { CliError } from "./cli-error.ts";

/** One thing that `GET /stream` tells. */
export type LiveEvent = { readonly name: string; readonly data: unknown };

export type LiveOptions = {
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Told of each time that the connection is lost, and how long it takes to the next try. */
  readonly onLost: (reason: string, againMs: number) => void;
  readonly onOpen: () => void;
};

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;

/** The service says at least something every 10 s: a connection that is silent for longer is dead. */
const SILENT_FOR_MS = 35_000;

/** Refusals that asking again does not mend. */
const FINAL = new Set([400, 401, 403, 404, 405, 422]);

/**
 * What the service tells, over as many connections as it takes: after each break it goes on where it
 * was. Ends when the signal is aborted; throws for what a further try does not mend.
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
  const answer = await client.fetch({
    path: "/stream",
    query,
    headers: lastId === undefined ? {} : { "last-event-id": lastId },
    signal: AbortSignal.any([signal, silent.signal]),
  });
  if (!answer.ok) {
    const problem = await problemOf(answer);
    throw FINAL.has(answer.status) ? new FinalRefusal(problem) : problem;
  }
  if (answer.body === null) throw new CliError("the answer has no body");
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform: (bytes, controller) => {
      timer.refresh();
      controller.enqueue(bytes);
    },
    flush: () => clearTimeout(timer),
  });
  return answer.body
    .pipeThrough(heard)
    .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
    .pipeThrough(new EventSourceParserStream());
};
