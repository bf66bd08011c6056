import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import type { FieldError } from "./problem.ts";

/** A part of a request does not fit its schema; `errors` says everything that is wrong. */
export class InvalidRequestError extends Error {
  override readonly name = "InvalidRequestError";
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    super(errors.map(({ path, message }) => `${path}: ${message}`).join("; "));
    this.errors = errors;
  }
}

/** Checks bodies and queries with zod, keeping every problem with its own path. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data) => {
    const parsed = schema.safeParse(data);
    if (parsed.success) return { value: parsed.data };
    return { error: new InvalidRequestError(parsed.error.issues.flatMap(fieldErrors)) };
  };

const fieldErrors = (issue: z.core.$ZodIssue): FieldError[] => {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...issue.path, key].map(String).join("."),
      message: "is not known here",
    }));
  }
  return [{ path: issue.path.map(String).join("."), message: issue.message }];
};
