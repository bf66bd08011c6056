/** What a Go program has live on its heap, by the function of its own that asked for it. */
export type HeapShare = { readonly holder: string; readonly bytes: number };

/** `13: 4672 [98: 34880] @ 0x47… 0x48…`: live objects and bytes, all ever, and where. */
const SAMPLE = /^(\d+): (\d+) \[\d+: \d+\] @/;
/** `#	0x87e6b4	github.com/…/server.(*stream).storeMsgIdLocked+0x54	/…/stream.go:4711` */
const FRAME = /^#\t0x[0-9a-f]+\t(\S+?)\+0x[0-9a-f]+\t/;

/**
 * Reads the text of `/debug/pprof/heap?debug=1`, largest holder first. Samples are taken once in so many bytes
 * on average; each is made to count for all that it stands for, as `go tool pprof` does.
 */
export const readHeapProfile = (text: string, isOwn: (name: string) => boolean): HeapShare[] => {
  const lines = text.split("\n");
  const everyBytes = Number(/@ heap\/(\d+)/.exec(lines[0] ?? "")?.[1] ?? 0) / 2;
  const held = new Map<string, number>();
  let bytes = 0;
  let counted = true;
  for (const line of lines) {
    const sample = SAMPLE.exec(line);
    if (sample !== null) {
      const objects = Number(sample[1]);
      const each = Number(sample[2]) / objects;
      bytes = objects === 0 ? 0 : (objects * each) / (1 - Math.exp(-each / everyBytes));
      counted = objects === 0;
    }
    const name = FRAME.exec(line)?.[1];
    if (name === undefined || counted || !isOwn(name)) continue;
    held.set(name, (held.get(name) ?? 0) + bytes);
    counted = true;
  }
  return [...held]
    .map(([holder, sum]) => ({ holder: holder.slice(holder.lastIndexOf("/") + 1), bytes: sum }))
    .toSorted((a, b) => b.bytes - a.bytes);
};
