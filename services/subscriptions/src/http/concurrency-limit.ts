/** How many may be at something at once, in this process and of each workspace. */
export type PlaceBounds = { readonly inAll: number; readonly perWorkspace: number };

/** Gives a place, to be given back, or undefined when there is none. */
export type Places = (workspaceId: string) => (() => void) | undefined;

/**
 * Places that workspaces share by a dynamic threshold, as dispatchers share theirs (docs/adr/0012): once
 * half of them are taken, the fewer are free the fewer a workspace may have, so that some are left for
 * those that have none.
 */
export const places = ({ inAll, perWorkspace }: PlaceBounds): Places => {
  const taken = new Map<string, number>();
  let all = 0;
  return (workspaceId) => {
    const own = taken.get(workspaceId) ?? 0;
    const threshold = Math.floor((2 * perWorkspace * (inAll - all)) / inAll) + 1;
    const most = Math.min(perWorkspace, threshold);
    if (all >= inAll || own >= most) return undefined;
    all += 1;
    taken.set(workspaceId, own + 1);
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      all -= 1;
      const left = (taken.get(workspaceId) ?? 1) - 1;
      if (left === 0) taken.delete(workspaceId);
      else taken.set(workspaceId, left);
    };
  };
};
