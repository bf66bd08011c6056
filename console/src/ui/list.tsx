import type { ReactNode } from "react";
import { Panel } from "./page.tsx";
import { Failure, Loading } from "./states.tsx";
import { Table, type Column } from "./table.tsx";

/** A list as `usePages` gives it. */
type Listed<Row> = {
  readonly rows: readonly Row[];
  readonly isPending: boolean;
  readonly error: unknown;
  readonly isReading: boolean;
  readonly readMore: (() => void) | undefined;
  readonly retry: () => void;
};

/** A list that is being read, that could not be read, that is empty, or its rows. What was read stays while it fails. */
export const List = <Row,>({
  label,
  list,
  columns,
  keyOf,
  empty,
}: {
  readonly label: string;
  readonly list: Listed<Row>;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** What an empty list says. */
  readonly empty: ReactNode;
}) => (
  <>
    {list.error === null ? null : <Failure error={list.error} retry={list.retry} />}
    <Panel isFlush>
      {list.isPending && list.error === null ? <Loading /> : null}
      {!list.isPending && list.rows.length === 0 ? empty : null}
      {list.rows.length === 0 ? null : (
        <Table
          label={label}
          columns={columns}
          rows={list.rows}
          keyOf={keyOf}
          readMore={list.readMore}
          isReading={list.isReading}
        />
      )}
    </Panel>
  </>
);
