import { z } from "zod";
import { FILTER_LIMITS } from "./filter-limits.ts";
import { parseFilter } from "./filter.ts";

const { maxBytes, maxConditions, maxDepth } = FILTER_LIMITS;

/**
 * A filter in a request, checked. `json` is what to store: its JSON, with every digit as it was written where the body
 * was read with `exactNumbers`.
 */
export const filterSchema = z
  .unknown()
  .transform((value, context) => {
    if (value === undefined) {
      context.addIssue("is required");
      return z.NEVER;
    }
    const parsed = parseFilter(value);
    if (parsed.kind === "filter") return { filter: parsed.filter, json: JSON.stringify(value) };
    for (const { path, message } of parsed.problems) {
      // The first step stands for the field itself, which adds its own name.
      context.addIssue({ code: "custom", path: path.slice(1), message });
    }
    return z.NEVER;
  })
  .meta({
    description: `Which events: conditions on \`event_type\`, \`agent_id\`, \`call_id\`, \`stored_at\` and the payload's fields in \`data\`. At most ${maxBytes} bytes, ${maxConditions} conditions and ${maxDepth} levels`,
    documentedAs: { type: "object", additionalProperties: true },
    examples: [{ data: { call_duration: { $gte: 30 }, status: "completed" } }],
  });
