import { Buffer } from "node:buffer";
import { z } from "zod";
import { ApiError } from "../api/problem.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { completedEvent, type About } from "./complete-event.ts";
import type { WrittenEvent } from "./split-events.ts";

const storedSchema = z.looseObject({
  event_id: z.string(),
  duplicate: z.boolean(),
  differs: z.boolean().optional(),
  warnings: z.array(z.looseObject({ path: z.string(), message: z.string() })).optional(),
});

/** What the API says of one event. */
export type Stored = z.infer<typeof storedSchema>;

const responseSchema = z.looseObject({ events: z.array(storedSchema) });

/** Of a problem: what is stored of a list although not all of it is. */
const partialSchema = z.looseObject({ events: z.array(storedSchema.nullable()) });

/** Of one request: what the API takes, and less than its bytes. */
const MAX_EVENTS = 1_000;
const MAX_BYTES = 7 * 1024 * 1024;

/** The events with the fields that they lack; throws for all that are incomplete together, each with its line. */
export const completed = (
  file: string,
  written: readonly WrittenEvent[],
  about: About,
): WrittenEvent[] => {
  const problems: string[] = [];
  const events = written.flatMap(({ text, line }) => {
    const event = completedEvent(text, about);
    if (event.kind === "event") return [{ text: event.text, line }];
    problems.push(`${file}:${line} ${event.message}`);
    return [];
  });
  if (problems.length === 0) return events;
  throw new CliError(`${linesOf(problems)}; nothing was published`);
};

const MAX_PROBLEMS = 10;

const linesOf = (problems: readonly string[]): string => {
  const more = problems.length - MAX_PROBLEMS;
  const shown = problems.slice(0, MAX_PROBLEMS).join("\n  ");
  return more > 0 ? `${shown}\n  and ${more} more` : shown;
};

/** The events in requests that the API takes. */
export const batchesOf = (events: readonly WrittenEvent[]): WrittenEvent[][] => {
  const batches: WrittenEvent[][] = [];
  let bytes = 0;
  for (const event of events) {
    const size = Buffer.byteLength(event.text) + 1;
    const last = batches.at(-1);
    if (last === undefined || last.length === MAX_EVENTS || bytes + size > MAX_BYTES) {
      batches.push([event]);
      bytes = size;
    } else {
      last.push(event);
      bytes += size;
    }
  }
  return batches;
};

export type Batch = {
  /** The file that the events are from. */
  readonly file: string;
  readonly batch: readonly WrittenEvent[];
  readonly key: string | undefined;
  /** Nothing was sent before it. */
  readonly isFirst: boolean;
};

/** Publishes a batch: what became of each event; null for one that is not stored. Throws where none is. */
export const sendBatch = async (
  { file, batch, key, isFirst }: Batch,
  { client, interrupted: signal, terminal, fail }: CommandContext,
): Promise<readonly (Stored | null)[]> => {
  const body = new TextEncoder().encode(`[${batch.map(({ text }) => text).join(",")}]`);
  const headers: Record<string, string> = key === undefined ? {} : { "idempotency-key": key };
  const call = { method: "POST", path: "/events", body, headers, signal } as const;
  try {
    return (await client.call(call, responseSchema)).events;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const partial = partialSchema.safeParse(error.body).data?.events;
    const before = isFirst ? "nothing" : "nothing of the rest";
    if (partial === undefined || partial.every((one) => one === null)) {
      throw problemByLine(file, batch, error, before);
    }
    fail();
    const hint = error.status === 503 ? ": publish the same again, nothing is stored twice" : "";
    terminal.note(`ringback: ${error.message}${hint}`);
    return partial;
  }
};

/** The API's errors begin with an event's position in the request: `1.agent_id`. */
const problemByLine = (
  file: string,
  batch: readonly WrittenEvent[],
  error: ApiError,
  what: string,
): CliError => {
  const problems = error.errors.map(({ path, message }) => {
    const [, position = "", field = ""] = /^(\d+)\.?(.*)$/.exec(path) ?? [];
    const line = batch[Number(position)]?.line;
    if (position === "" || line === undefined) return `${file}: ${path} ${message}`;
    return `${file}:${line} ${field === "" ? message : `${field}: ${message}`}`;
  });
  const said = problems.length === 0 ? error.message : linesOf(problems);
  return new CliError(`${said}; ${what} was published`);
};
