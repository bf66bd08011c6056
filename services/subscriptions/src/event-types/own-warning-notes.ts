import type { EventWarning } from "@ringback/contracts/events/event-warnings";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { LRUCache } from "lru-cache";
import type { OwnWarnings } from "./own-warnings.ts";

const LOG_EVERY_MS = 60_000;
const MAX_TYPES = 1_000;

/**
 * Own warnings of events that are published, counted, and logged once a minute for each type as the
 * dispatcher logs those of built-in ones. The log has no path: its parts may be a payload's own keys.
 */
export const notedWarnings = (
  ownWarnings: OwnWarnings,
  warnedOf: (warnings: number) => void,
  log: Logger,
): OwnWarnings => {
  const logged = new LRUCache<string, true>({ max: MAX_TYPES, ttl: LOG_EVERY_MS });
  const note = (workspaceId: string, eventType: string, [first]: readonly EventWarning[]): void => {
    const key = `${workspaceId}.${eventType}`;
    if (first === undefined || logged.has(key)) return;
    logged.set(key, true);
    const { message: problem } = first;
    const ids = { workspace_id: workspaceId, event_type: eventType };
    log.warn({ ...ids, problem }, "event.unexpected_value");
  };
  return async (workspaceId, events) => {
    const found = await ownWarnings(workspaceId, events);
    for (const [n, { eventType }] of events.entries()) {
      const warnings = found[n] ?? [];
      if (warnings.length === 0) continue;
      warnedOf(warnings.length);
      note(workspaceId, eventType, warnings);
    }
    return found;
  };
};
