import type { AuditEntry } from "@ringback/contracts/audit/audit-entry";

/** Which entries somebody asks for; what is undefined does not matter. */
export type AuditFilter = {
  /** An id, or `<kind>:<id>` such as `person:ann@example.com`. */
  readonly actor: string | undefined;
  readonly actions: readonly string[] | undefined;
  readonly sinceMs: number | undefined;
  /** Before this time. */
  readonly untilMs: number | undefined;
};

/** Whether an entry is among those that somebody asks for. An entry for several counts by the first of them. */
export const isMatch = (
  { actor: { kind, id }, action, at }: AuditEntry,
  { actor, actions, sinceMs, untilMs }: AuditFilter,
): boolean => {
  const atMs = Date.parse(at);
  return (
    (actor === undefined || actor === id || actor === `${kind}:${id}`) &&
    (actions === undefined || actions.includes(action)) &&
    (sinceMs === undefined || atMs >= sinceMs) &&
    (untilMs === undefined || atMs < untilMs)
  );
};
