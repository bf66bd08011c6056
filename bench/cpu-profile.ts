/** What Node.js writes with `--cpu-prof`, as far as it is read here. */
export type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      /** From 0. */
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

/** A function, and the share of the time in which the process worked that was spent in it itself. */
export type SelfTime = { readonly place: string; readonly share: number };

/** Not work: waiting, and what Node.js itself cannot attribute. */
const IDLE = new Set(["(idle)", "(root)"]);

/** The functions that took most time themselves, without what they called; the most first. */
export const selfTimes = ({ nodes, samples, timeDeltas }: CpuProfile): readonly SelfTime[] => {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const spent = new Map<string, number>();
  let total = 0;
  for (const [n, id] of samples.entries()) {
    const place = places.get(id);
    if (place === undefined || IDLE.has(place)) continue;
    const us = timeDeltas[n] ?? 0;
    spent.set(place, (spent.get(place) ?? 0) + us);
    total += us;
  }
  return [...spent]
    .map(([place, us]) => ({ place, share: us / total }))
    .toSorted((a, b) => b.share - a.share);
};

/** `name file:line`, the file from the repository's root or the package's; Node's own as it is. */
const placeOf = ({
  functionName,
  url,
  lineNumber,
}: CpuProfile["nodes"][0]["callFrame"]): string => {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = /(?:node_modules\/|(?=(?:libs|services)\/[^/]+\/src\/))(.*)$/.exec(url)?.[1] ?? url;
  return `${name} ${file}:${lineNumber + 1}`;
};
