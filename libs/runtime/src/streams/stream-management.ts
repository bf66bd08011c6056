/**
 * The services create streams and consumers themselves; or an operator or a controller does, so that the services
 * need no permission for it.
 */
export const STREAM_MANAGEMENT = ["manage", "verify"] as const;

export type StreamManagement = (typeof STREAM_MANAGEMENT)[number];

/** A stream or consumer differs from the needed one, and only its manager may change it: the service waits. */
export class ExternallyManagedError extends Error {
  override readonly name = "ExternallyManagedError";
}

export type Difference = {
  readonly option: string;
  readonly wanted: unknown;
  readonly actual: unknown;
};

/** Differences for people: `num_replicas is 1, needed 3`. */
export const listed = (differences: readonly Difference[]): string =>
  differences
    .map((d) => `${d.option} is ${JSON.stringify(d.actual)}, needed ${JSON.stringify(d.wanted)}`)
    .join(", ");

/** The error of a service that may not change these things itself. */
export const externallyManaged = (problems: readonly string[]): ExternallyManagedError =>
  new ExternallyManagedError(
    `${problems.join("; ")}: STREAM_MANAGEMENT=verify leaves that to somebody else`,
  );
