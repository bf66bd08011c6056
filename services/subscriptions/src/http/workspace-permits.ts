/** How many permits are out at once, in this process and of each workspace. */
export type PermitBounds = { readonly inAll: number; readonly perWorkspace: number };

/** Takes a permit of a workspace and returns its release, or undefined where no permit is free. */
export type Acquire = (workspaceId: string) => (() => void) | undefined;

/**
 * Permits that workspaces share by a dynamic threshold, as dispatchers share theirs (docs/adr/0012): once
 * half are taken, a workspace may have the fewer the fewer are free, so that other workspaces find some.
 */
export const workspacePermits = ({ inAll, perWorkspace }: PermitBounds): Acquire => {
  const taken = new Map<string, number>();
  let all = 0;
  return (workspaceId) => {
    const own = taken.get(workspaceId) ?? 0;
    const threshold = Math.floor((2 * perWorkspace * (inAll - all)) / inAll) + 1;
    const max = Math.min(perWorkspace, threshold);
    if (all >= inAll || own >= max) return undefined;
    all += 1;
    taken.set(workspaceId, own + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      all -= 1;
      const left = (taken.get(workspaceId) ?? 1) - 1;
      if (left === 0) taken.delete(workspaceId);
      else taken.set(workspaceId, left);
    };
  };
};
