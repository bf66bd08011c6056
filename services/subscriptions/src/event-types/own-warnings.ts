import type { EventWarning } from "@ringback/contracts/events/event-warnings";
import type { OwnTypes } from "./own-types.ts";
import { MAX_VALIDATED_BYTES, type SchemaValidator } from "./schema-validator.ts";

/** An event to validate by its workspace's own schema. */
type TypedBody = { readonly eventType: string; readonly body: Uint8Array };

/** The warnings of a workspace's own schemas for each of these events. */
export type OwnWarnings = (
  workspaceId: string,
  events: readonly TypedBody[],
) => Promise<ReadonlyArray<readonly EventWarning[]>>;

/** Bodies of one request that are result. */
const MAX_VALIDATED = 100;

/** No warnings for what is too large, too much or takes too long: it is delivered in any case. */
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
