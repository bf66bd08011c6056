import type { AuditEntry } from "@ringback/contracts/audit/audit-entry";

/**
 * How many entries of a window are written apart: of those alike, and of one actor and action. Changes have more room,
 * as each may matter; and a limit, so that nobody pushes out what was changed by changes of nothing.
 */
const LIMITS = {
  change: { alike: 5, ofAction: 1_000 },
  other: { alike: 1, ofAction: 100 },
} as const;

/** Kinds of entries that one process tells apart, in one window. */
const MAX_IN_ALL = 20_000;

/** Those that are not written apart, from the first of them on. */
type Repeats = { readonly entry: AuditEntry; count: number; until: string };

/** What came in a window of a minute. */
export type Window = {
  /** How many were written apart, of those alike. */
  readonly alike: Map<string, number>;
  /** And by actor and action. */
  readonly ofAction: Map<string, number>;
  readonly repeats: Map<string, Repeats>;
};

export const newWindow = (): Window => ({
  alike: new Map(),
  ofAction: new Map(),
  repeats: new Map(),
});

/**
 * Whether an entry is written at once. If not, the window counts it with those that are alike; beyond the limit of its
 * actor and action with all of these, and then the count does not say what they were about.
 */
export const isWrittenApart = (window: Window, entry: AuditEntry): boolean => {
  const { actor, kind, action, outcome, code, workspace_id, resource, address, shown } = entry;
  const { alike, ofAction } =
    kind === "change" && outcome === "done" ? LIMITS.change : LIMITS.other;
  const group = JSON.stringify([workspace_id, kind, actor.kind, actor.id, action, outcome]);
  const own = JSON.stringify([group, code, resource, address, shown]);
  const written = window.alike.get(own) ?? 0;
  const ofGroup = window.ofAction.get(group) ?? 0;
  if (written >= alike) {
    repeat(window, own, entry);
    return false;
  }
  if (ofGroup >= ofAction || window.alike.size >= MAX_IN_ALL) {
    const { code: _code, ...rest } = entry;
    repeat(window, group, { ...rest, resource: {} });
    return false;
  }
  window.alike.set(own, written + 1);
  window.ofAction.set(group, ofGroup + 1);
  return true;
};

const repeat = (window: Window, key: string, entry: AuditEntry): void => {
  const before = window.repeats.get(key);
  if (before === undefined) window.repeats.set(key, { entry, count: 1, until: entry.at });
  else {
    before.count += 1;
    before.until = entry.at;
  }
};

/** What to write at the end of a window: an entry for all that repeated one, with their number. */
export const repeatsIn = (window: Window): AuditEntry[] =>
  [...window.repeats.values()].map(({ entry, count, until }) =>
    count === 1 ? entry : { ...entry, count, until },
  );
