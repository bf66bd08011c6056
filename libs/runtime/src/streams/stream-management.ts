/**
 * Who makes the streams and the consumers: the services themselves, or somebody else (an operator, a
 * controller), so that the services need no right to.
 */
export const STREAM_MANAGEMENT = ["manage", "verify"] as const;

export type StreamManagement = (typeof STREAM_MANAGEMENT)[number];

/** Something in NATS is not as needed, and it is another's to change: worth waiting for. */
export class NotOursToChangeError extends Error {
  override readonly name = "NotOursToChangeError";
}

/** An option that is not as needed. */
export type Difference = {
  readonly option: string;
  readonly wanted: unknown;
  readonly actual: unknown;
};

/** Differences as people read them: `num_replicas is 1, needed 3`. */
export const listed = (differences: readonly Difference[]): string =>
  differences
    .map((d) => `${d.option} is ${JSON.stringify(d.actual)}, needed ${JSON.stringify(d.wanted)}`)
    .join(", ");

/** What to say of things that are not as needed where only somebody else may change them. */
export const leftToOthers = (problems: readonly string[]): NotOursToChangeError =>
  new NotOursToChangeError(
    `${problems.join("; ")}: STREAM_MANAGEMENT=verify leaves that to somebody else`,
  );
