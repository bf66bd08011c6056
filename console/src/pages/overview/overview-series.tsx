import { useMemo } from "react";
import { countText } from "../../format/number.ts";
import { Empty } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import type { Overview } from "./overview.ts";
import { SeriesChart, type Series } from "./series-chart.tsx";
import css from "./overview.module.css";

type Bucket = Overview["series"][number];

const LINES = [
  ["Delivered", "--good", "delivered"],
  ["Failed attempts", "--danger", "failed"],
  ["Given up", "--warn", "given_up"],
] as const;

/** What became of attempts over time, as lines and in numbers. */
export const OverviewSeries = ({ series }: { readonly series: readonly Bucket[] }) => {
  const seconds = useMemo(() => series.map(({ at }) => Date.parse(at) / 1_000), [series]);
  const lines = useMemo(
    () =>
      LINES.map(([label, colour, field]): Series => {
        return { label, colour, values: series.map((bucket) => bucket[field]) };
      }),
    [series],
  );
  if (series.length === 0) return <Empty title="Nothing happened in this period" />;
  return (
    <>
      <SeriesChart label="Deliveries over time" seconds={seconds} series={lines} />
      <details className={css.details}>
        <summary>In numbers</summary>
        <table className={css.numbers}>
          <thead>
            <tr>
              <th scope="col">From</th>
              {LINES.map(([label]) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {series.map((bucket) => (
              <tr key={bucket.at}>
                <td>
                  <Time at={bucket.at} />
                </td>
                {LINES.map(([label, , field]) => (
                  <td key={label}>{countText(bucket[field])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
};
