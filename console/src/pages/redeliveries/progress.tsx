import { countText } from "../../format/number.ts";
import { progressOf, type Job } from "./job.ts";
import css from "./redeliveries.module.css";

const PARTS = ["delivered", "failed", "cancelled", "skipped", "waiting"] as const;

/** How far a job is, as a bar; readers of screens hear the share that has ended. */
export const ProgressBar = ({ job }: { readonly job: Job }) => {
  const parts = progressOf(job);
  const ended =
    parts === null ? 0 : parts.delivered + parts.failed + parts.cancelled + parts.skipped;
  return (
    <div
      className={css.bar}
      role="progressbar"
      aria-label="Deliveries that have ended"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(ended * 100)}
    >
      {parts === null
        ? null
        : PARTS.map((part) => (
            <span key={part} className={css[part]} style={{ width: `${parts[part] * 100}%` }} />
          ))}
    </div>
  );
};

/** What the colours of the bar stand for, with the numbers. */
export const ProgressCounts = ({ job }: { readonly job: Job }) => (
  <ul className={css.counts}>
    {PARTS.map((part) => (
      <li key={part}>
        <i className={css[part]} /> {part} <strong>{countText(job[part])}</strong>
      </li>
    ))}
  </ul>
);
