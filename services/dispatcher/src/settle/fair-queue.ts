/** A queue with items of many workspaces: at most `max` altogether, and fair between them. */
export const fairQueue = <Item>(max: number) => {
  const queues = new Map<string, Item[]>();
  let size = 0;
  return {
    /** Returns the item that has no room any more: the newest of the workspace with the most. */
    add: (workspaceId: string, item: Item): Item | undefined => {
      const queue = queues.get(workspaceId) ?? [];
      queues.set(workspaceId, queue);
      queue.push(item);
      size += 1;
      if (size <= max) return undefined;
      size -= 1;
      return [...queues.values()].reduce((a, b) => (b.length > a.length ? b : a)).pop();
    },
    /** The oldest of one workspace after the other. */
    next: (): Item | undefined => {
      for (const [workspaceId, queue] of queues) {
        queues.delete(workspaceId);
        const item = queue.shift();
        if (item === undefined) continue;
        if (queue.length > 0) queues.set(workspaceId, queue); // behind the others
        size -= 1;
        return item;
      }
      return undefined;
    },
  };
};
