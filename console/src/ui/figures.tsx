import type { ReactNode } from "react";
import css from "./figures.module.css";

/** Numbers that say how something does, each under its name. */
export const Figures = ({ of }: { readonly of: Readonly<Record<string, ReactNode>> }) => (
  <dl className={css.figures}>
    {Object.entries(of).map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

/** What was delivered and what failed in each part of a period, oldest first; null: not known. */
export type Activity = {
  readonly delivered: readonly (number | null)[];
  readonly failed: readonly (number | null)[];
};

const HEIGHT = 24;
const STEP = 5;
const BAR = 4;

const sumOf = (counts: readonly (number | null)[]): number =>
  counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);

/** A small graph: what failed at the top of each bar, in another colour, and in words for who does not see it. */
export const ActivityBars = ({ of }: { readonly of: Activity | undefined }) => {
  if (of === undefined) return <>–</>;
  const { delivered, failed } = of;
  const totals = delivered.map((count, at) => (count ?? 0) + (failed[at] ?? 0));
  const max = Math.max(1, ...totals);
  const heightOf = (count: number): number =>
    count === 0 ? 0 : Math.max(2, (count / max) * (HEIGHT - 1));
  const text = `${sumOf(delivered)} delivered, ${sumOf(failed)} failed in 24 hours`;
  return (
    <span className={css.activity}>
      <svg
        role="img"
        aria-label={text}
        className={css.bars}
        width={delivered.length * STEP}
        height={HEIGHT}
      >
        <title>{text}</title>
        <rect y={HEIGHT - 1} width={delivered.length * STEP} height={1} className={css.line} />
        {totals.map((total, at) => {
          const bad = heightOf(failed[at] ?? 0);
          const all = Math.max(heightOf(total), bad);
          const x = at * STEP;
          // Its place is what it stands for.
          // oxlint-disable react/no-array-index-key
          return (
            <g key={at}>
              <rect x={x} y={HEIGHT - all} width={BAR} height={bad} className={css.bad} />
              <rect
                x={x}
                y={HEIGHT - all + bad}
                width={BAR}
                height={all - bad}
                className={css.good}
              />
            </g>
          );
          // oxlint-enable react/no-array-index-key
        })}
      </svg>
      <FailedShare delivered={sumOf(delivered)} failed={sumOf(failed)} />
    </span>
  );
};

const FailedShare = ({
  delivered,
  failed,
}: {
  readonly delivered: number;
  readonly failed: number;
}) => {
  const all = delivered + failed;
  if (all === 0) return <small>none</small>;
  if (failed === 0) return <small>{all}</small>;
  return <small className={css.failed}>{`${Math.ceil((failed / all) * 100)} % failed`}</small>;
};
