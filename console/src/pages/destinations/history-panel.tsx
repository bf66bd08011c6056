import { usePages } from "../../api/use-pages.ts";
import { Button } from "../../ui/button.tsx";
import { Panel } from "../../ui/page.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { differencesAt, type Change } from "./changes.ts";
import css from "./destinations.module.css";

type HistoryPage = { readonly changes: readonly Change[]; readonly next_cursor: string | null };

/** Who changed what, newest first. */
export const HistoryPanel = ({
  id,
  read,
}: {
  readonly id: string;
  readonly read: (cursor: string | undefined, signal: AbortSignal) => Promise<HistoryPage>;
}) => {
  const history = usePages({
    key: ["history", id],
    read,
    rowsOf: (page) => page.changes,
    everyMs: false,
  });
  const changes = history.rows;
  return (
    <Panel title="History" isFlush>
      {history.isPending && history.error === null ? <Loading rows={3} /> : null}
      {history.error === null ? null : <Failure error={history.error} retry={history.retry} />}
      <ol className={css.history}>
        {changes.map((change, at) => (
          <li key={`${change.version} ${change.at}`}>
            <div className={css.changeHead}>
              <strong>{change.title}</strong>
              <span className={css.by}>
                version {change.version}, <Time at={change.at} />, by{" "}
                {change.actor ?? "the service"}
              </span>
            </div>
            <Differences changes={changes} at={at} />
          </li>
        ))}
      </ol>
      {history.readMore === undefined ? null : (
        <div className={css.more}>
          <Button onClick={history.readMore} isBusy={history.isReading}>
            Show older changes
          </Button>
        </div>
      )}
    </Panel>
  );
};

const Differences = ({
  changes,
  at,
}: {
  readonly changes: readonly Change[];
  readonly at: number;
}) => {
  const differences = differencesAt(changes, at);
  if (differences.length === 0) return null;
  return (
    <dl className={css.differences}>
      {differences.map(({ name, before, after }) => (
        <div key={name} className={css.difference}>
          <dt>{name}</dt>
          <dd>
            {before === undefined ? null : (
              <>
                <del>{before}</del> <span aria-label="became">→</span>{" "}
              </>
            )}
            {after}
          </dd>
        </div>
      ))}
    </dl>
  );
};
