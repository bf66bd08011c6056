import { durationText } from "../../format/duration.ts";
import { clockText, localText, utcText } from "../../format/time.ts";
import type { CallAttempt } from "./call-events.ts";
import css from "./time-line.module.css";
import { percentAt, type Mark, type OpenAttempt, type View } from "./time-line.ts";

export const outcomeText = (kind: CallAttempt["outcome"]["kind"]): string =>
  kind === "delivered"
    ? "delivered attempt"
    : kind === "failed"
      ? "failed attempt"
      : "cancelled attempt";

/** An attempt in a line, such as `Attempt 2, failed: status 503, 48 ms, at 10:00:05.123`. */
const attemptText = (attempt: CallAttempt): string => {
  const { outcome } = attempt;
  const why =
    outcome.kind === "failed"
      ? `: ${outcome.reason}${outcome.status_code === undefined ? "" : ` ${outcome.status_code}`}`
      : "";
  return `Attempt ${attempt.attempt}, ${outcome.kind}${why}, ${durationText(attempt.duration_ms)}, at ${clockText(attempt.at)}`;
};

/** One mark on its lane. */
export const MarkView = ({
  mark,
  view,
  onOpen,
}: {
  readonly mark: Mark;
  readonly view: View;
  readonly onOpen: OpenAttempt;
}) => {
  const start = percentAt(mark.fromMs, view);
  const end = "toMs" in mark ? percentAt(mark.toMs, view) : start;
  if (end < 0 || start > 100) return null;
  const style = {
    insetInlineStart: `${start}%`,
    width: "toMs" in mark ? `${end - start}%` : undefined,
  };
  switch (mark.kind) {
    case "published":
      return (
        <span
          className={`${css.mark} ${css.published}`}
          style={style}
          title={`Published ${both(mark.fromMs)}`}
        />
      );
    case "wait":
      return (
        <span
          className={`${css.mark} ${css.wait}`}
          style={style}
          title={`Waited ${durationText(mark.toMs - mark.fromMs)}`}
        />
      );
    case "due":
      return (
        <span
          className={`${css.mark} ${css.due}`}
          style={style}
          title={`Next attempt ${both(mark.fromMs)}`}
        />
      );
    case "given-up":
      return (
        <span
          className={`${css.mark} ${css.givenUp}`}
          style={style}
          title={`Given up ${both(mark.fromMs)}`}
        >
          ✕
        </span>
      );
    case "attempt": {
      const kind = mark.attempt.outcome.kind;
      return (
        <button
          type="button"
          className={[css.mark, css.attempt, kind === "failed" ? "" : css[kind]].join(" ")}
          style={style}
          title={`${attemptText(mark.attempt)}\n${utcText(mark.fromMs)}`}
          aria-label={`${mark.event.event_type ?? "Event"}: ${attemptText(mark.attempt)}`}
          onClick={() => onOpen(mark)}
        >
          <span className={css.number} aria-hidden="true">
            {mark.attempt.attempt}
          </span>
        </button>
      );
    }
  }
};

const both = (ms: number): string => `${localText(ms)}\n${utcText(ms)}`;
