import { elapsedMs } from "../process/elapsed.ts";
import type { Logger } from "./logger.ts";

const EVERY_MS = 60_000;

/** Kinds of waits that are remembered of a logger; beyond it the oldest is forgotten, and logged at once again. */
const MAX_KINDS = 200;

const MAX_CAUSE_CHARACTERS = 200;

type Kind = { loggedMs: number; unlogged: number };

const kindsOf = new WeakMap<Logger, Map<string, Kind>>();

type Fields = Readonly<Record<string, unknown>> & { readonly err?: unknown };

/**
 * Logs what comes again and again while something is waited for: at once, and then once a minute for each cause, with
 * how often it came meanwhile (`repeats`). A thousand deliveries that wait for one thing are one line. `level`: error
 * where people have to act.
 */
export const logRepeated = (
  log: Logger,
  fields: Fields,
  message: string,
  { level = "warn", nowMs = elapsedMs() }: { level?: "warn" | "error"; nowMs?: number } = {},
): void => {
  const kinds = kindsOf.get(log) ?? new Map<string, Kind>();
  kindsOf.set(log, kinds);
  const key = `${message} ${causeIn(fields)}`;
  const kind = kinds.get(key);
  if (kind !== undefined && nowMs - kind.loggedMs < EVERY_MS) {
    kind.unlogged += 1;
    return;
  }
  kinds.delete(key);
  const [oldest] = kinds.keys();
  if (kinds.size >= MAX_KINDS && oldest !== undefined) kinds.delete(oldest);
  kinds.set(key, { loggedMs: nowMs, unlogged: 0 });
  const repeats = kind?.unlogged ?? 0;
  log[level](repeats === 0 ? fields : { ...fields, repeats }, message);
};

/** What tells one cause from another: numbers in it (sequences, sizes, ports) do not. */
const causeIn = ({ err, stream, fault, detail }: Fields): string => {
  const error = err instanceof Error ? `${err.name} ${err.message}` : "";
  const said = [stream, fault, detail].filter((part) => typeof part === "string");
  return [...said, error].join(" ").replaceAll(/\d+/g, "0").slice(0, MAX_CAUSE_CHARACTERS);
};
