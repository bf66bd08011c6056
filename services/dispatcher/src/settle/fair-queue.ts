/** What waits, of many workspaces: bounded for all together, and fair between them. */
export type SharedLine<Item> = {
  /** Takes it in; gives what has no room any more: the newest of the workspace with the most. */
  readonly add: (workspaceId: string, item: Item) => Item | undefined;
  /** The oldest of one workspace after the other. */
  readonly next: () => Item | undefined;
};

export const sharedLine = <Item>(max: number): SharedLine<Item> => {
  const lines = new Map<string, Item[]>();
  let size = 0;
  return {
    add: (workspaceId, item) => {
      const line = lines.get(workspaceId) ?? [];
      lines.set(workspaceId, line);
      line.push(item);
      size += 1;
      if (size <= max) return undefined;
      size -= 1;
      return [...lines.values()].reduce((a, b) => (b.length > a.length ? b : a)).pop();
    },
    next: () => {
      for (const [workspaceId, line] of lines) {
        lines.delete(workspaceId);
        const item = line.shift();
        if (item === undefined) continue;
        if (line.length > 0) lines.set(workspaceId, line); // behind the others
        size -= 1;
        return item;
      }
      return undefined;
    },
  };
};
