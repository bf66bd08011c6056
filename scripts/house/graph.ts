/** Who needs whom: each node with the nodes that it has an arrow to. No node has one to itself. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Joins nodes to rooms and drops the arrows within a room. */
export function grouped(graph: Graph, roomOf: (node: string) => string): Graph {
  const rooms = new Map<string, Set<string>>();
  for (const [node, targets] of graph) {
    const room = roomOf(node);
    const arrows = rooms.get(room) ?? new Set<string>();
    rooms.set(room, arrows);
    for (const target of targets) if (roomOf(target) !== room) arrows.add(roomOf(target));
  }
  return rooms;
}

export const arrowsIn = (graph: Graph): number =>
  [...graph.values()].reduce((sum, targets) => sum + targets.size, 0);

/** Groups of nodes that all reach each other (two or more): what cannot be read one after another. */
export const circlesIn = (graph: Graph): readonly (readonly string[])[] =>
  components(graph).filter((nodes) => nodes.length > 1);

/** How many nodes the longest way down has; a circle is one floor. */
export function floorsOf(graph: Graph): number {
  const floors = new Map<string, number>();
  let highest = 0;
  // Components come bottom up, so whatever one of them needs has its floor already.
  for (const nodes of components(graph)) {
    const below = nodes.flatMap((node) => [...(graph.get(node) ?? [])]);
    const floor = 1 + Math.max(0, ...below.map((node) => floors.get(node) ?? 0));
    for (const node of nodes) floors.set(node, floor);
    highest = Math.max(highest, floor);
  }
  return highest;
}

/** Strongly connected components, each after all that it needs (Tarjan 1972). */
function components(graph: Graph): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const open: string[] = [];
  const lowestFrom = (node: string): number => {
    const own = order.size;
    let lowest = own;
    order.set(node, own);
    const openBefore = open.push(node) - 1;
    for (const target of graph.get(node) ?? []) {
      const seenAt = order.get(target);
      if (seenAt === undefined) lowest = Math.min(lowest, lowestFrom(target));
      else if (open.includes(target)) lowest = Math.min(lowest, seenAt);
    }
    if (lowest === own) found.push(open.splice(openBefore));
    return lowest;
  };
  for (const node of graph.keys()) if (!order.has(node)) lowestFrom(node);
  return found;
}
