import { expect, test } from "vitest";
import { withYields } from "./yielding.ts";

async function* fortyPieces(): AsyncGenerator<number> {
  for (let n = 0; n < 40; n += 1) yield n;
}

/** How many of 40 pieces of work that take 1 ms each are done when a timer of no time fires. */
const piecesBeforeTimer = async (pieces: AsyncIterable<number>): Promise<number> => {
  let done = 0;
  const seen = new Promise<number>((resolve) => setTimeout(() => resolve(done), 0));
  for await (const n of pieces) {
    const endMs = performance.now() + 1;
    while (performance.now() < endMs);
    done = n + 1;
  }
  expect(done).toBe(40);
  return seen;
};

test("work in slices lets others have their turn every few milliseconds", async () => {
  expect(await piecesBeforeTimer(withYields(fortyPieces(), 2))).toBeLessThan(10);
  expect(await piecesBeforeTimer(fortyPieces())).toBe(40);
});

test("who stops half-way ends the items too", async () => {
  let isEnded = false;
  const items = async function* (): AsyncGenerator<number> {
    try {
      yield* fortyPieces();
    } finally {
      isEnded = true;
    }
  };
  for await (const n of withYields(items())) if (n === 3) break;
  expect(isEnded).toBe(true);
});
