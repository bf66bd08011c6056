/** The workspaces that have an agent or an endpoint. */
export type KnownWorkspaces = {
  readonly ids: () => Iterable<string>;
  /** Differs from before when a workspace came or went: cheaper than looking at all. */
  readonly changes: () => number;
};

/** Counts what each workspace has, so that it is known for as long as it has something. */
export const knownWorkspaces = () => {
  const held = new Map<string, number>();
  let changes = 0;
  return {
    /** One more (1), one fewer (-1), or the same (0) of the workspace. */
    count: (workspaceId: string, by: number): void => {
      if (by === 0) return;
      const before = held.get(workspaceId) ?? 0;
      const after = before + by;
      if (after > 0) held.set(workspaceId, after);
      else held.delete(workspaceId);
      if (before > 0 !== after > 0) changes += 1;
    },
    ids: (): Iterable<string> => held.keys(),
    changes: (): number => changes,
  };
};
