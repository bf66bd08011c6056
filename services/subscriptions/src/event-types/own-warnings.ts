import type { EventWarning } from "@ringback/contracts/events/event-warnings";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { LRUCache } from "lru-cache";
import type { OwnTypes } from "./own-types.ts";
import { MAX_VALIDATED_BYTES, type SchemaValidator } from "./schema-validator.ts";

/** An event to validate by its workspace's own schema. */
type TypedBody = { readonly eventType: string; readonly body: Uint8Array };

/** The warnings of a workspace's own schemas for each of these events. */
export type OwnWarnings = (
  workspaceId: string,
  events: readonly TypedBody[],
) => Promise<ReadonlyArray<readonly EventWarning[]>>;

/** Of the bodies of one request. */
const MAX_VALIDATED = 100;

/** No warnings for events that are too large, too many or take too long: they are delivered in any case. */
export const ownWarnings =
  (ownTypes: OwnTypes, validator: SchemaValidator): OwnWarnings =>
  async (workspaceId, events) => {
    const found: (readonly EventWarning[])[] = events.map(() => []);
    const bySchema = new Map<string, number[]>();
    let count = 0;
    for (const [n, { eventType, body }] of events.entries()) {
      const { schema } = ownTypes.find(workspaceId, eventType) ?? {};
      if (schema === undefined || body.byteLength > MAX_VALIDATED_BYTES || count >= MAX_VALIDATED)
        continue;
      count += 1;
      const text = JSON.stringify(schema);
      bySchema.set(text, [...(bySchema.get(text) ?? []), n]);
    }
    for (const [schema, numbers] of bySchema) {
      const bodies = numbers.map((n) => events[n]?.body ?? new Uint8Array());
      const result = await validator.validate({ workspaceId, schema, bodies });
      if (result.kind !== "validated") continue;
      for (const [n, number] of numbers.entries()) found[number] = result.warnings[n] ?? [];
    }
    return found;
  };

const LOG_EVERY_MS = 60_000;
const MAX_TYPES = 1_000;

/**
 * The same warnings, counted, and logged once a minute for each type, as the dispatcher logs warnings of built-in
 * types. The log has no path: its parts may be a payload's own keys.
 */
export const notedWarnings = (
  warningsOf: OwnWarnings,
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
    const found = await warningsOf(workspaceId, events);
    for (const [n, { eventType }] of events.entries()) {
      const warnings = found[n] ?? [];
      if (warnings.length === 0) continue;
      warnedOf(warnings.length);
      note(workspaceId, eventType, warnings);
    }
    return found;
  };
};
