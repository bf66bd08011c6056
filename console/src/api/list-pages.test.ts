import * as fc from "fast-check";
import { expect, test } from "vitest";
import { pagesInSight, replacedPage, withoutKnown, withPage, type ListPage } from "./list-pages.ts";

type Row = { readonly id: number; readonly text?: string };

const keyOf = ({ id }: Row): string => String(id);
const page = (ids: readonly number[], nextCursor: string | null = "next"): ListPage<Row> => ({
  rows: ids.map((id) => ({ id })),
  nextCursor,
});
const idsOf = ({ rows }: ListPage<Row>): number[] => rows.map(({ id }) => id);

test("new rows come before those that were there, and what lies beyond the reading stays", () => {
  const read = replacedPage(page([5, 4, 3, 2]), { ...page([7, 6, 5, 4]), nextCursor: "4" }, keyOf);
  expect(read && idsOf(read)).toEqual([7, 6, 5, 4, 3, 2]);
  expect(read?.nextCursor).toBe("next");
});

test("a row that left the list is gone, and one that changed is as it is now", () => {
  const now = { rows: [{ id: 5, text: "new" }, { id: 3 }], nextCursor: "3" };
  expect(replacedPage(page([5, 4, 3]), now, keyOf)).toEqual(now);
});

test("the last page is what was read", () => {
  expect(replacedPage(page([5, 4, 3]), page([9], null), keyOf)).toEqual(page([9], null));
});

test("where more new rows came than one page holds, nothing is joined over the gap", () => {
  expect(replacedPage(page([5, 4]), page([9, 8]), keyOf)).toBeNull();
  expect(replacedPage(page([]), page([9, 8]), keyOf)).toEqual(page([9, 8]));
});

test("a row that moved into another page is in that one alone", () => {
  const pages = withPage([page([6, 5]), page([4, 3])], 0, page([6, 5, 4]), keyOf);
  expect(pages.map(idsOf)).toEqual([[6, 5, 4], [3]]);
  expect(idsOf(withoutKnown(page([4, 3]), page([5, 4]), keyOf))).toEqual([3]);
});

test("when a page turns out to be the last one, those behind it go", () => {
  const pages = withPage([page([6, 5]), page([4]), page([3])], 1, page([4], null), keyOf);
  expect(pages.map(idsOf)).toEqual([[6, 5], [4]]);
});

test("the pages in sight are those that hold its rows", () => {
  const pages = [page([9, 8, 7]), page([]), page([6, 5]), page([4])];
  expect(pagesInSight(pages, { first: 0, last: 2 })).toEqual([0]);
  expect(pagesInSight(pages, { first: 2, last: 3 })).toEqual([0, 2]);
  expect(pagesInSight(pages, { first: 5, last: 5 })).toEqual([3]);
});

test("a list that is read in pages, while rows come, is the stored rows without gap or double", () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("store"), count: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ kind: fc.constant("more"), count: fc.constant(0) }),
      fc.record({ kind: fc.constant("refresh"), count: fc.nat({ max: 5 }) }),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (todo) => {
      const stored = [3, 2, 1];
      const read = (cursor: string | null): ListPage<Row> => {
        const below = cursor === null ? Infinity : Number(cursor);
        const rows = stored.filter((id) => id < below).slice(0, 4);
        const isLast = (rows.at(-1) ?? 1) === 1;
        return page(rows, isLast ? null : String(rows.at(-1)));
      };
      let cursors: (string | null)[] = [null];
      let pages = [read(null)];
      for (const { kind, count } of todo) {
        if (kind === "store") {
          for (let n = 0; n < count; n += 1) stored.unshift((stored[0] ?? 0) + 1);
        } else if (kind === "more") {
          const cursor = pages.at(-1)?.nextCursor ?? null;
          if (cursor === null) continue;
          pages.push(withoutKnown(read(cursor), pages.at(-1), keyOf));
          cursors.push(cursor);
        } else {
          const at = count % pages.length;
          const before = pages[at];
          const now = read(cursors[at] ?? null);
          const replaced = before && replacedPage(before, now, keyOf);
          pages = replaced ? withPage(pages, at, replaced, keyOf) : [read(null)];
          cursors = replaced ? cursors.slice(0, pages.length) : [null];
        }
      }
      const ids = pages.flatMap(idsOf);
      const from = stored.indexOf(ids[0] ?? 0);
      expect(ids).toEqual(stored.slice(from, from + ids.length));
    }),
  );
});
