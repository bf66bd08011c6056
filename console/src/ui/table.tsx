import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, type ReactNode } from "react";
import { useKeptPlace } from "./kept-place.ts";
import css from "./table.module.css";

export type Column<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Left out on narrower screens: `wide` below 860 px, `medium` below 560 px. A row's own page has everything. */
  readonly only?: "wide" | "medium";
};

const ROW_PX = 41;

/** So many rows are seen at a glance, and need no counting. */
const FEW = 12;

/** The rows in sight, by their positions. */
export type RowRange = { readonly first: number; readonly last: number };

type TableProps<Row> = {
  /** What the table holds, for readers of screens. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Reads the next page; called as the end comes near. Undefined: there is no further one. */
  readonly readMore?: (() => void) | undefined;
  readonly isReading?: boolean;
  /** Told which rows are in sight, whenever that changes. */
  readonly onRange?: (range: RowRange) => void;
};

/** A table of which only the rows in sight are in the page, so that it holds 100,000 as easily as ten. */
export const Table = <Row,>({
  label,
  columns,
  rows,
  keyOf,
  readMore,
  isReading = false,
  onRange,
}: TableProps<Row>) => {
  const keys = useMemo(
    () => ({
      count: rows.length,
      at: (index: number) => {
        const row = rows[index];
        return row === undefined ? "" : keyOf(row);
      },
    }),
    [rows, keyOf],
  );
  const { scroll, note, firstTop } = useKeptPlace(label, keys, ROW_PX);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    initialOffset: firstTop,
  });
  const first = virtualizer.range?.startIndex ?? 0;
  const end = virtualizer.range?.endIndex ?? 0;
  useEffect(() => {
    note();
    onRange?.({ first, last: end });
  }, [note, onRange, first, end]);
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const isNearEnd = last >= rows.length - 20;
  useEffect(() => {
    if (isNearEnd && !isReading) readMore?.();
  }, [isNearEnd, isReading, readMore, rows.length]);
  const above = items[0]?.start ?? 0;
  const below = virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <div className={css.scroll} ref={scroll} tabIndex={0} role="region" aria-label={label}>
        <table
          className={css.table}
          aria-label={label}
          aria-rowcount={readMore === undefined ? rows.length + 1 : -1}
        >
          <thead>
            <tr>
              {columns.map(({ title, only }) => (
                <th key={title} scope="col" className={only === undefined ? undefined : css[only]}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Space px={above} columns={columns.length} />
            {items.map(({ index }) => {
              const row = rows[index];
              if (row === undefined) return null;
              return (
                <tr key={keyOf(row)} className={css.row} aria-rowindex={index + 2}>
                  {columns.map(({ title, cell, only }) => (
                    <td key={title} className={only === undefined ? undefined : css[only]}>
                      {cell(row)}
                    </td>
                  ))}
                </tr>
              );
            })}
            <Space px={below} columns={columns.length} />
          </tbody>
        </table>
      </div>
      <p className={rows.length > FEW || isReading ? css.end : css.few} role="status">
        {rows.length.toLocaleString()} shown
        {isReading ? ", reading more …" : readMore === undefined ? ", that is all" : ""}
      </p>
    </>
  );
};

/** Stands for the rows out of sight. */
const Space = ({ px, columns }: { readonly px: number; readonly columns: number }) =>
  px <= 0 ? null : (
    <tr aria-hidden="true">
      <td className={css.space} colSpan={columns} style={{ height: px }} />
    </tr>
  );
