import { textProblems } from "@ringback/contracts/json/unusable-text";
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { type FieldError } from "./problem.ts";
import { issueText, withValue } from "./decide/issue-text.ts";
import { invalidRequest } from "./refused-error.ts";

/** A body of 256 KiB can have tens of thousands of faults; a caller needs the first ones. */
const MAX_ERRORS = 100;
const MAX_PATH_CHARACTERS = 256;

/** Checks bodies and queries with zod. Every problem keeps its path. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data) => {
    const parsed = readable(schema, data);
    // An invalid id in a path never matches an agent: its route responds 404.
    const texts = httpPart === "params" ? [] : textProblems(data, MAX_ERRORS);
    const ofTexts = texts.map(({ path, message }) => ({ path: pathText(path), message }));
    if (parsed.success && ofTexts.length === 0) return { value: parsed.data };
    return { error: invalidRequest(together(ofTexts, parsed.error?.issues ?? [])) };
  };

/** Parses a value; the problems are in words for who sent it (`fieldErrors`). */
export const readable = <T extends z.ZodType>(schema: T, data: unknown) =>
  schema.safeParse(data, { reportInput: true, error: issueText });

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

/** What a problem of a `readable` value says, at the path of the value or of each unknown key. */
export const fieldErrors = (issue: z.core.$ZodIssue): FieldError[] => {
  if (issue.code !== "unrecognized_keys") {
    return [{ path: pathText(issue.path), message: withValue(issue) }];
  }
  const lines = issue.message.split("\n");
  return issue.keys
    .slice(0, MAX_ERRORS)
    .map((key, n) => ({ path: pathText([...issue.path, key]), message: lines[n] ?? "" }));
};

/** The path of a field as text, such as `event_subscriptions.0.headers.Host`. */
export const pathText = (path: readonly PropertyKey[]): string => {
  const text = path.map(String).join(".");
  return text.length <= MAX_PATH_CHARACTERS ? text : `${text.slice(0, MAX_PATH_CHARACTERS)}…`;
};
