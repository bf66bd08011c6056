import { countedList } from "@ringback/contracts/json/counted-list";
import { parseMomentMs } from "@ringback/contracts/moment";
import { z } from "zod";
import { shown } from "./decide/shown.ts";
import { fieldErrors, readable } from "./validation.ts";

const MOMENT =
  "must be a time such as 2026-01-31T12:00:00Z, a day such as 2026-01-31, or how long ago, such as 2h, 90m or 7d";

/**
 * A moment, parsed to ms since 1970: a time of RFC 3339, a day (its beginning in UTC), or a duration before now. A
 * `+` in a query is a space where it comes: the message says how it is written there.
 */
export const momentSchema = (now: () => Date) =>
  z
    .string()
    .transform((text, context) => {
      const ms = parseMomentMs(text, now().getTime());
      if (ms !== undefined) return ms;
      const hint = / \d\d:\d\d$/.test(text) ? " (a + in a URL is written %2B)" : "";
      context.addIssue(`${MOMENT}, got ${shown(text)}${hint}`);
      return z.NEVER;
    })
    .meta({
      documentedAs: {
        type: "string",
        anyOf: [
          { format: "date-time" },
          { format: "date", description: "Its beginning in UTC." },
          { pattern: "^\\d+(\\.\\d+)?(ms|s|m|h|d)$", description: "So long ago, such as 2h." },
        ],
      },
    });

/** A moment, as a time of RFC 3339 in UTC. */
export const utcTimeSchema = (now: () => Date) =>
  momentSchema(now).transform((ms) => new Date(ms).toISOString());

/** More values than any list has names. */
const MAX_VALUES = 50;

/**
 * Several values of a query's parameter, as a list without repeats: the parameter repeated, or its values with
 * commas between them. Every problem is the parameter's own.
 */
export const severalOf = <T extends z.ZodType<string>>(one: T) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((given, context): z.output<T>[] => {
      const texts = [given].flat().flatMap((text) => text.split(","));
      const unique = [...new Set(texts.map((text) => text.trim()))];
      if (unique.length > MAX_VALUES) {
        context.addIssue(`names ${unique.length} values: at most ${MAX_VALUES}`);
        return z.NEVER;
      }
      return unique.flatMap((text) => {
        const read = readable(one, text);
        if (read.success) return [read.data];
        const [problem] = read.error.issues.flatMap(fieldErrors);
        context.addIssue(problem?.message ?? "is not valid");
        return [];
      });
    })
    .meta({ documentedAs: { type: "array", items: itemOf(one) } });

const itemOf = (one: z.ZodType) => {
  const { $schema: _version, ...item } = z.toJSONSchema(one);
  return item;
};

/** The agent in a path; an invalid id never matches an agent (404). */
export const agentPathSchema = z.object({
  agent_id: z.string().meta({ description: "The agent's id", examples: ["agent-7"] }),
});

/** The endpoint in a path; what can be neither an id nor a `uid` never matches one (404). */
export const endpointPathSchema = z.object({
  endpoint_id: z.string().meta({
    description: "The endpoint's id, or its `uid`",
    examples: ["ep_4q2f7xk3mzt5b6ya"],
  }),
});

/** The name that people see of an agent. */
export const displayNameSchema = z.string().min(1).max(256);

/** A list of at most so many elements; the length of a longer list is all that is looked at. */
export const listOf = <T extends z.ZodType>(list: z.ZodArray<T>, max: number, what: string) =>
  countedList(list.max(max), ({ length }) =>
    length > max ? `holds ${length} ${what}: at most ${max}` : undefined,
  );
