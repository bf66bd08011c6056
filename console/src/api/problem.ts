/** What the API says about a request that it does not carry out (RFC 9457). */
export type Problem = {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
};

/** What is wrong at one place of a request, such as `agents.0`. */
export type FieldError = { readonly path: string; readonly message: string };

/** The API responded, and refused. */
export class ProblemError extends Error {
  readonly problem: Problem;
  /** How long the API asks to wait before the next try. */
  readonly retryAfterMs: number | undefined;
  constructor(problem: Problem, retryAfterMs?: number) {
    super(problem.detail);
    this.name = "ProblemError";
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether the same request may be carried out a little later. */
export const isPassing = (error: unknown): boolean =>
  error instanceof ProblemError && (error.problem.status === 429 || error.problem.status === 503);

/** The problem in a response's body; one of our own words where a proxy responded. */
export const problemIn = (body: unknown, status: number): Problem => {
  const isProblem = typeof body === "object" && body !== null && "code" in body && "detail" in body;
  if (isProblem) return body as Problem;
  return {
    status,
    code: "unexpected",
    title: "Unexpected response",
    detail: `The server responded with status ${status}, without saying why.`,
  };
};

/** What is wrong at this field or below it. */
export const errorAt = (error: unknown, path: string): string | undefined => {
  if (!(error instanceof ProblemError)) return undefined;
  const found = (error.problem.errors ?? []).filter(
    (one) => one.path === path || one.path.startsWith(`${path}.`),
  );
  if (found.length === 0) return undefined;
  return found
    .map((one) =>
      one.path === path ? one.message : `${one.path.slice(path.length + 1)}: ${one.message}`,
    )
    .join("; ");
};

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
