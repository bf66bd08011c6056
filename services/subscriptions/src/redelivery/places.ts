/** How many may be at something at once, in this process and of each workspace. */
export type PlaceBounds = { readonly inAll: number; readonly perWorkspace: number };

/** Gives a place, to be given back, or undefined when there is none. */
export type Places = (workspaceId: string) => (() => void) | undefined;

export const places = ({ inAll, perWorkspace }: PlaceBounds): Places => {
  const taken = new Map<string, number>();
  let all = 0;
  return (workspaceId) => {
    const own = taken.get(workspaceId) ?? 0;
    if (all >= inAll || own >= perWorkspace) return undefined;
    all += 1;
    taken.set(workspaceId, own + 1);
    return () => {
      all -= 1;
      const left = (taken.get(workspaceId) ?? 1) - 1;
      if (left === 0) taken.delete(workspaceId);
      else taken.set(workspaceId, left);
    };
  };
};
