import type { DatabaseSync } from "node:sqlite";

/** How much of the file is in use, in bytes: free pages are written again before the file grows. */
export const usedBytesOf = (db: DatabaseSync): (() => number) => {
  const [size, all, free] = ["page_size", "page_count", "freelist_count"].map((name) => {
    const pragma = db.prepare(`PRAGMA ${name}`);
    return (): number => Number(pragma.get()?.[name] ?? 0);
  }) as [() => number, () => number, () => number];
  // Metrics are read while the service stops, too.
  return () => (db.isOpen ? size() * (all() - free()) : 0);
};
