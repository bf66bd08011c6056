import type { FieldError, Problem } from "./problem.ts";

/** A request that is not carried out. Whoever finds out throws it, and the error handler responds with its problem. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly problem: Problem;
  /** Undefined: waiting does not help. */
  readonly waitSeconds: number | undefined;

  constructor(problem: Problem, waitSeconds?: number) {
    super(problem.detail);
    this.problem = problem;
    this.waitSeconds = waitSeconds;
  }
}

/** The error of a request with a part that does not fit its schema; `errors` names each fault. */
export const invalidRequest = (errors: readonly FieldError[]): RefusedError =>
  new RefusedError({
    code: "validation_failed",
    detail: "See errors for everything that is wrong.",
    errors,
  });
