import { readFile } from "node:fs/promises";
import { pause } from "../process/backoff.ts";
import { inBackground, type Background } from "../process/concurrency.ts";
import type { Logger } from "../telemetry/logger.ts";

/** A parsed file. */
type ReadText<T> =
  | { readonly kind: "value"; readonly value: T }
  /** Logged: it must repeat nothing of a file that holds secrets. */
  | { readonly kind: "broken"; readonly message: string };

export type WatchedFile<T> = Background & {
  /** The last valid content. */
  readonly current: () => T;
};

export type WatchedFileOptions<T> = {
  /** The setting that names the file. */
  readonly setting: string;
  readonly path: string;
  readonly read: (text: string) => ReadText<T>;
  readonly onLoaded: (value: T) => void;
  /** The file is invalid now; its previous content stays in use. */
  readonly onBroken: (problem: string) => void;
};

const LOOK_EVERY_MS = 1_000;

/**
 * Reads a file, and reads it again when its content changes; an invalid content changes nothing. Compares contents,
 * as secrets are mounted through symbolic links that are swapped, and time stamps are not always new. Throws when
 * the file is invalid at the start.
 */
export const watchFile = async <T>(options: WatchedFileOptions<T>): Promise<WatchedFile<T>> => {
  const { setting, path, read, onLoaded, onBroken } = options;
  let content = await load(path, read);
  if (content.kind === "broken") throw new Error(`${setting}: ${path}: ${content.message}`);
  let value = content.value;
  const look = async (): Promise<void> => {
    const before = content;
    content = await load(path, read, before);
    if (content === before) return;
    if (content.kind === "broken") return onBroken(content.message);
    value = content.value;
    onLoaded(value);
  };
  const following = inBackground(async (stopping) => {
    while (!stopping.aborted) {
      await pause(LOOK_EVERY_MS, stopping);
      await look();
    }
  });
  return { current: () => value, stop: following.stop };
};

/** Logs `<name>.loaded` with a count, and `<name>.kept_old` with the problem. */
export const loggedAs = (log: Logger, name: string, file: string) => ({
  loaded: (keys: number): void => log.info({ file, keys }, `${name}.loaded`),
  broken: (problem: string): void => log.error({ file, problem }, `${name}.kept_old`),
});

type Content<T> = { readonly text: string | undefined } & ReadText<T>;

/** The file's content; `before` itself when it has not changed. */
const load = async <T>(
  path: string,
  read: (text: string) => ReadText<T>,
  before?: Content<T>,
): Promise<Content<T>> => {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const message = `cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`;
    if (before?.kind === "broken" && before.message === message) return before;
    return { kind: "broken", text: undefined, message };
  }
  return before?.text === text ? before : { text, ...read(text) };
};
