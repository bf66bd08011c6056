/** How many bytes of request bodies may be in memory at once, and who holds them. */
export type BodyBudget = {
  /** Begins a body without a byte. `end` is called when the body has to make room for others. */
  readonly open: (workspaceId: string, end: () => void) => BodyRoom;
  readonly taken: () => number;
};

/** The room of one body. */
type BodyRoom = {
  /** Takes room for bytes that have come; false where there is not enough. */
  readonly take: (bytes: number) => boolean;
  /** The whole body has come: from now on it does not have to make room for others. */
  readonly complete: () => void;
  readonly release: () => void;
};

type Holding = { readonly workspaceId: string; readonly end: () => void; bytes: number };

/** How much of the budget one workspace may hold, however few others there are. */
const WORKSPACE_SHARE = 0.5;

/**
 * A budget that workspaces share (max-min fair). When it is used up, the workspace that holds most loses its
 * oldest unfinished body to a workspace that holds less.
 */
export const bodyBudget = (maxBytes: number): BodyBudget => {
  const held = new Map<string, number>();
  const open = new Set<Holding>();
  const unfinished = new Set<Holding>(); // in the order in which they began
  let taken = 0;
  const free = (): number => maxBytes - taken;
  const heldBy = (workspaceId: string): number => held.get(workspaceId) ?? 0;
  const add = (holding: Holding, bytes: number): void => {
    holding.bytes += bytes;
    taken += bytes;
    const own = heldBy(holding.workspaceId) + bytes;
    if (own === 0) held.delete(holding.workspaceId);
    else held.set(holding.workspaceId, own);
  };
  const drop = (holding: Holding): void => {
    unfinished.delete(holding);
    if (open.delete(holding)) add(holding, -holding.bytes);
  };
  /** The body that makes room for a workspace that will hold so many bytes; undefined: no other holds more. */
  const toEnd = (willHold: number): Holding | undefined => {
    let found: Holding | undefined;
    for (const one of unfinished) {
      const maxHeld = found === undefined ? willHold : heldBy(found.workspaceId);
      if (one.bytes > 0 && heldBy(one.workspaceId) > maxHeld) found = one;
    }
    return found;
  };
  const isRoomFor = (workspaceId: string, bytes: number): boolean => {
    const own = heldBy(workspaceId);
    if (own > 0 && own + bytes > maxBytes * WORKSPACE_SHARE) return false;
    while (free() < bytes) {
      const other = toEnd(own + bytes);
      if (other === undefined) return false;
      drop(other);
      other.end();
    }
    return true;
  };
  return {
    open: (workspaceId, end) => {
      const holding: Holding = { workspaceId, end, bytes: 0 };
      open.add(holding);
      unfinished.add(holding);
      return {
        take: (bytes) => {
          if (!open.has(holding) || !isRoomFor(workspaceId, bytes)) return false;
          add(holding, bytes);
          return true;
        },
        complete: () => unfinished.delete(holding),
        release: () => drop(holding),
      };
    },
    taken: () => taken,
  };
};
