import { expect, test } from "vitest";
import { readHeapProfile } from "./heap-profile.ts";

const frame = (name: string): string => `#\t0x47a1b4\t${name}+0x54\t/src/file.go:12`;

test("each live sample counts once, for the program's own function nearest to the allocation", () => {
  const text = [
    "heap profile: 3: 1060 [9: 9000] @ heap/2",
    "1: 1000 [4: 4000] @ 0x1 0x2 0x3",
    frame("runtime.makeslice"),
    frame("github.com/a/server.(*stream).store"),
    frame("github.com/a/server.(*client).parse"),
    "",
    "2: 60 [2: 60] @ 0x4",
    frame("github.com/a/server.getMsgId"),
    "",
    "0: 0 [3: 300] @ 0x5",
    frame("github.com/a/server.gone"),
    "",
    "# HeapAlloc = 1060",
  ].join("\n");
  const shares = readHeapProfile(text, (name) => name.includes("/a/"));
  expect(shares.map(({ holder, bytes }) => ({ holder, bytes: Math.round(bytes) }))).toEqual([
    { holder: "server.(*stream).store", bytes: 1_000 },
    { holder: "server.getMsgId", bytes: 60 },
  ]);
});

test("small objects are sampled seldom, and count for those that were not", () => {
  const text = `heap profile: 1: 64 [1: 64] @ heap/1048576\n1: 64 [1: 64] @ 0x1\n${frame("a/b.c")}`;
  const [share] = readHeapProfile(text, () => true);
  expect(share?.bytes).toBeCloseTo(512 * 1024, -3);
});
