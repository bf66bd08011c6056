import type { EventWarning } from "@ringback/contracts/events/event-warnings";
import type { OwnTypes } from "./own-types.ts";
import { MAX_JUDGED_BYTES, type SchemaJudge } from "./schema-judge.ts";

/** An event of which it is asked what its workspace's own schema says. */
export type TypedBody = { readonly eventType: string; readonly body: Uint8Array };

/** What the schemas that a workspace gave its own types say of events, for each in their order. */
export type OwnWarnings = (
  workspaceId: string,
  events: readonly TypedBody[],
) => Promise<ReadonlyArray<readonly EventWarning[]>>;

/** Bodies of one request that are judged. */
const MAX_JUDGED = 100;

/** What is too large, too much or takes too long is not warned of: it is delivered in any case. */
export const ownWarnings =
  (ownTypes: OwnTypes, judge: SchemaJudge): OwnWarnings =>
  async (workspaceId, events) => {
    const found: (readonly EventWarning[])[] = events.map(() => []);
    const bySchema = new Map<string, number[]>();
    let count = 0;
    for (const [n, { eventType, body }] of events.entries()) {
      const { schema } = ownTypes.find(workspaceId, eventType) ?? {};
      if (schema === undefined || body.byteLength > MAX_JUDGED_BYTES || count >= MAX_JUDGED)
        continue;
      count += 1;
      const text = JSON.stringify(schema);
      bySchema.set(text, [...(bySchema.get(text) ?? []), n]);
    }
    for (const [schema, places] of bySchema) {
      const bodies = places.map((n) => events[n]?.body ?? new Uint8Array());
      const judged = await judge.judge({ workspaceId, schema, bodies });
      if (judged.kind !== "judged") continue;
      for (const [n, place] of places.entries()) found[place] = judged.warnings[n] ?? [];
    }
    return found;
  };
