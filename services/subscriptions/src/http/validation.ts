import { textProblems } from "@ringback/contracts/json/unusable-text";
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { quoted, type FieldError } from "./problem.ts";
import { invalidRequest } from "./refused-error.ts";

/** A body of 256 KiB can have tens of thousands of faults; a caller needs the first ones. */
const MAX_ERRORS = 100;
const MAX_PATH_CHARACTERS = 256;

/** Checks bodies and queries with zod. Every problem keeps its path. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data) => {
    const parsed = schema.safeParse(data, { reportInput: true });
    // An invalid id in a path never matches an agent: its route responds 404.
    const texts = httpPart === "params" ? [] : textProblems(data, MAX_ERRORS);
    const ofTexts = texts.map(({ path, message }) => ({ path: pathText(path), message }));
    if (parsed.success && ofTexts.length === 0) return { value: parsed.data };
    return { error: invalidRequest(together(ofTexts, parsed.error?.issues ?? [])) };
  };

/** The first problems. An unusable text hides other problems at the same path. */
const together = (
  ofTexts: readonly FieldError[],
  issues: readonly z.core.$ZodIssue[],
): FieldError[] => {
  const errors = [...ofTexts];
  const reported = new Set(ofTexts.map(({ path }) => path));
  for (const issue of issues) {
    if (errors.length >= MAX_ERRORS) break;
    errors.push(...fieldErrors(issue).filter(({ path }) => !reported.has(path)));
  }
  return errors.slice(0, MAX_ERRORS);
};

const fieldErrors = (issue: z.core.$ZodIssue): FieldError[] => {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.slice(0, MAX_ERRORS).map((key) => ({
      path: pathText([...issue.path, key]),
      message: "is not known here",
    }));
  }
  return [{ path: pathText(issue.path), message: `${issue.message}${got(issue)}` }];
};

/** The path of a field as text, such as `event_subscriptions.0.headers.Host`. */
export const pathText = (path: readonly PropertyKey[]): string => {
  const text = path.map(String).join(".");
  return text.length <= MAX_PATH_CHARACTERS ? text : `${text.slice(0, MAX_PATH_CHARACTERS)}…`;
};

/** A word such as an event type or a mode. A secret in the wrong field is longer. */
const WORD = /^[\w. -]{0,30}$/;

/** The value that was sent, where the schema expects a word or a form; never a URL or a header, which hold secrets. */
const got = ({ code, input }: z.core.$ZodIssue): string => {
  if (code !== "invalid_value" && code !== "invalid_format" && code !== "invalid_union") return "";
  return typeof input === "string" && WORD.test(input) ? `, got ${quoted(input)}` : "";
};
