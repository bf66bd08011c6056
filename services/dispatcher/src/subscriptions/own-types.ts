import { readDefinition } from "@ringback/contracts/events/event-type-definition";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import type { Logger } from "@ringback/runtime/telemetry/logger";

/**
 * The event types that workspaces added, by the subjects of their definitions on SUBSCRIPTIONS. Keeps only that a
 * definition exists: its content has no effect here.
 */
export const ownTypeEntries = () => {
  const entries = new Map<string, { readonly seq: number; readonly isThere: boolean }>();
  return {
    apply: (subject: string, seq: number, data: Uint8Array, log: Logger): void => {
      if ((entries.get(subject)?.seq ?? 0) >= seq) return;
      const read = readDefinition(data);
      if (read.kind === "invalid") {
        log.error(
          { ...idsInSubject(subject), subject, seq, problem: read.message },
          "subscriptions.unreadable",
        );
        return;
      }
      entries.set(subject, { seq, isThere: read.kind === "defined" });
    },
    has: (subject: string): boolean => entries.get(subject)?.isThere === true,
  };
};
