const PROBLEM_KINDS = [
  /** An acknowledged event that is not stored, or did not come to an end. */
  "lost",
  /** A chain of attempts that is not single and whole, or says what no receiver saw. */
  "chain",
  /** A retry before its delay was over. */
  "early",
  /** A request to an address that was replaced or removed too long ago, or never was the agent's. */
  "stale",
  /** A request made again that nothing in docs/promises.md explains. */
  "repeated",
  /** A list of the API that is not what the streams say. */
  "list",
] as const;

export type ProblemKind = (typeof PROBLEM_KINDS)[number];

export interface Problem {
  readonly kind: ProblemKind;
  /** What is wrong, with its ids, for a person to look for. */
  readonly what: string;
}

export const countByKind = (problems: readonly Problem[]): Record<ProblemKind, number> => {
  const counts: Record<ProblemKind, number> = {
    lost: 0,
    chain: 0,
    early: 0,
    stale: 0,
    repeated: 0,
    list: 0,
  };
  for (const { kind } of problems) counts[kind] += 1;
  return counts;
};
