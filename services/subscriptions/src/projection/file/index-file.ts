import { chmodSync, closeSync, existsSync, openSync, rmSync } from "node:fs";
import { uptime } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { SCHEMA, SCHEMA_FINGERPRINT } from "./schema.ts";

/** Setting the clock moves the time of boot by up to this much. */
const BOOT_TOLERANCE_MS = 60_000;

/** For pages that are read again; the system's own cache has more. */
const CACHE_KIB = 16 * 1024;

/** 1 MiB: a larger checkpoint would block the event loop for longer than a slice of work. */
const CHECKPOINT_PAGES = 256;

/**
 * The database in a file. Makes a new one where there is none, or where it cannot be used: it is of another
 * version, damaged, or was open when the machine stopped (writes do not wait for the disk, because the index
 * can be rebuilt). `onDiscarded` gets the reason why the file that was there could not be used. Throws where
 * the file cannot be made, or another process has it open.
 */
export const openIndexFile = (
  path: string,
  onDiscarded: (reason: string) => void,
): DatabaseSync => {
  if (existsSync(path)) {
    const opened = reopened(path);
    if (opened.kind === "usable") return opened.db;
    onDiscarded(opened.reason);
    removeIndexFile(path);
  }
  const db = open(path);
  db.exec(`BEGIN; ${SCHEMA} COMMIT`);
  setMeta(db, "schema", SCHEMA_FINGERPRINT);
  markOpen(db);
  return db;
};

/** Closes the file so that the next process can use it. */
export const closeIndexFile = (db: DatabaseSync): void => {
  if (!db.isOpen) return;
  try {
    setMeta(db, "open_since_boot_ms", "");
  } catch (error) {
    if (!isDamaged(error)) throw error;
  } finally {
    db.close();
  }
};

export const removeIndexFile = (path: string): void => {
  for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(`${path}${end}`, { force: true });
};

type Reopened =
  | { readonly kind: "usable"; readonly db: DatabaseSync }
  | { readonly kind: "useless"; readonly reason: string };

const reopened = (path: string): Reopened => {
  let db: DatabaseSync | undefined;
  try {
    db = open(path);
    const reason = reasonAgainst(db);
    if (reason !== undefined) {
      db.close();
      return { kind: "useless", reason };
    }
    markOpen(db);
    return { kind: "usable", db };
  } catch (error) {
    if (db?.isOpen === true) db.close();
    if (!isDamaged(error)) throw error;
    return { kind: "useless", reason: "damaged" };
  }
};

const open = (path: string): DatabaseSync => {
  // Made before SQLite would make it readable to others; its other files get the same mode.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    // Exclusive: two processes that follow the streams into one file would mix their rows.
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      PRAGMA cache_size = -${CACHE_KIB}; PRAGMA temp_store = MEMORY;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = 0`);
    return db;
  } catch (error) {
    db.close();
    if (!isBusy(error)) throw error;
    throw new Error(`${path} is in use by another process: each needs a folder of its own`, {
      cause: error,
    });
  }
};

const reasonAgainst = (db: DatabaseSync): string | undefined => {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE name = 'meta'").all();
  if (tables.length === 0) return "not made by this service";
  if (meta(db, "schema") !== SCHEMA_FINGERPRINT) return "of another version";
  const openSince = meta(db, "open_since_boot_ms");
  if (openSince === undefined || openSince === "") return undefined;
  const isSameBoot = Math.abs(Number(openSince) - bootMs()) < BOOT_TOLERANCE_MS;
  return isSameBoot ? undefined : "in use when the machine stopped";
};

const markOpen = (db: DatabaseSync): void => setMeta(db, "open_since_boot_ms", String(bootMs()));

/** When this machine started: the system's cache still has what a killed process has written since. */
const bootMs = (): number => Math.round(Date.now() - uptime() * 1000);

const meta = (db: DatabaseSync, name: string): string | undefined => {
  const value = db.prepare("SELECT value FROM meta WHERE name = ?").get(name)?.["value"];
  return value === undefined ? undefined : String(value);
};

const setMeta = (db: DatabaseSync, name: string, value: string): void => {
  const sql =
    "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
  db.prepare(sql).run(name, value);
};

// https://sqlite.org/rescode.html: the low byte of an extended code is the primary one.
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** True for any error of SQLite. */
export const isOfDatabase = (error: unknown): boolean => primaryCode(error) !== undefined;

const primaryCode = (error: unknown): number | undefined => {
  const code = (error as { readonly errcode?: unknown } | undefined)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
};

const isBusy = (error: unknown): boolean => primaryCode(error) === BUSY;

// The system's own codes too: opening the file may fail before SQLite is called.
const UNWRITABLE = new Set<unknown>(
  [
    [3, 8, 10, 13, 14],
    ["EACCES", "EPERM", "EROFS", "ENOSPC", "EISDIR", "EIO"],
  ].flat(),
);

/**
 * An error that says why the file cannot be written (no room, no right, no disk); undefined for any other
 * error. Making the file again does not help.
 */
export const unwritableFile = (path: string, error: unknown): Error | undefined => {
  const code = primaryCode(error) ?? (error as NodeJS.ErrnoException | undefined)?.code;
  if (!UNWRITABLE.has(code)) return undefined;
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`PROJECTION_DIR: ${path} cannot be written: ${message}`, { cause: error });
};

/** True where the file's content is damaged: only making it again helps. */
export const isDamaged = (error: unknown): boolean =>
  [CORRUPT, NOT_A_DATABASE].includes(primaryCode(error) ?? -1);
