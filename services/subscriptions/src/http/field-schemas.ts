import { z } from "zod";
import { quoted } from "./problem.ts";

/** What may be shown of what was sent for a time: no secret looks like one. */
const LIKE_A_TIME = /^[\d:.+\-TZ ]{1,40}$/;

/**
 * A time of RFC 3339 with any offset; `t` and `z` may be lower case (section 5.6). A `+` in a query is a
 * space where it comes: the message says how it is written there.
 */
export const timeSchema = z
  .string()
  .toUpperCase()
  .meta({ documentedAs: { type: "string", format: "date-time" } })
  .pipe(
    z.iso.datetime({
      offset: true,
      error: ({ input }) => {
        const expected = "must be a time of RFC 3339 such as 2026-01-31T12:00:00Z";
        if (typeof input !== "string" || !LIKE_A_TIME.test(input)) return expected;
        const hint = / \d\d:\d\d$/.test(input) ? " (a + in a URL is written %2B)" : "";
        return `${expected}, got ${quoted(input)}${hint}`;
      },
    }),
  );

/** The agent in a path; an invalid id never matches an agent (404). */
export const agentPathSchema = z.object({
  agent_id: z.string().meta({ description: "The agent's id", examples: ["agent-7"] }),
});

/** The name that people see of an agent. */
export const displayNameSchema = z.string().min(1).max(256);
