import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { Panel } from "./page.tsx";
import { Empty, Failure, Loading } from "./states.tsx";
import { Table, type Column, type RowRange } from "./table.tsx";
import css from "./ui.module.css";

/** Behind by fewer messages than this, a list is as good as current. */
const LAG = 200;

/** A list as `usePages` or `useLongList` gives it. */
type Listed<Row> = {
  readonly rows: readonly Row[];
  readonly isPending: boolean;
  readonly error: unknown;
  readonly isReading: boolean;
  readonly readMore: (() => void) | undefined;
  readonly retry: () => void;
  /** Stored messages that it does not know of yet. */
  readonly lag?: number;
  /** More new rows came than can be shown above those in sight. */
  readonly isBehind?: boolean;
  readonly showNewest?: () => void;
  readonly onRange?: (range: RowRange) => void;
};

/** A list that is being read, that could not be read, that is empty, or its rows. What was read stays while it fails. */
export const List = <Row,>({
  label,
  list,
  columns,
  keyOf,
  empty,
  onClear,
}: {
  readonly label: string;
  readonly list: Listed<Row>;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** What an empty list says. */
  readonly empty: ReactNode;
  /** Takes the filters away: what an empty list offers instead, where some are set. */
  readonly onClear?: (() => void) | undefined;
}) => (
  <>
    {list.error === null ? null : <Failure error={list.error} retry={list.retry} />}
    <Notes list={list} />
    <Panel isFlush>
      {list.isPending && list.error === null ? <Loading /> : null}
      {list.isPending || list.rows.length > 0 || list.error !== null ? null : onClear ===
        undefined ? (
        empty
      ) : (
        <Empty title="Nothing matches these filters">
          <Button onClick={onClear}>Clear the filters</Button>
        </Empty>
      )}
      {list.rows.length === 0 ? null : (
        <Table
          label={label}
          columns={columns}
          rows={list.rows}
          keyOf={keyOf}
          readMore={list.readMore}
          isReading={list.isReading}
          {...(list.onRange === undefined ? {} : { onRange: list.onRange })}
        />
      )}
    </Panel>
  </>
);

/** What a list says of itself: that it is behind, or that there is more above. */
const Notes = <Row,>({ list }: { readonly list: Listed<Row> }) => (
  <div role="status" className={css.contents}>
    {list.lag === undefined || list.lag < LAG ? null : (
      <p className={css.note}>
        The list is {list.lag.toLocaleString()} messages behind; it goes on by itself.
      </p>
    )}
    {list.isBehind === true ? (
      <p className={css.note}>
        Many new rows have come meanwhile.
        <Button onClick={list.showNewest}>Show the newest</Button>
      </p>
    ) : null}
  </div>
);
