import css from "./ui.module.css";

export type Tone = "good" | "warn" | "bad" | "neutral";

/** How each status of events, deliveries, endpoints and jobs looks. */
const TONES: Readonly<Record<string, Tone>> = {
  delivered: "good",
  healthy: "good",
  completed: "good",
  done: "good",
  active: "good",
  pending: "warn",
  retrying: "warn",
  paused: "warn",
  running: "warn",
  failing: "warn",
  suspended: "bad",
  failed: "bad",
  dead_lettered: "bad",
  disabled: "bad",
  revoked: "bad",
  expired: "bad",
};

export const toneOf = (status: string): Tone => TONES[status] ?? "neutral";

/** A status in words; the colour only repeats them. */
export const Status = ({ status, tone }: { readonly status: string; readonly tone?: Tone }) => {
  const look = tone ?? toneOf(status);
  return (
    <span className={look === "neutral" ? css.badge : `${css.badge} ${css[look]}`}>
      {status.replaceAll("_", " ")}
    </span>
  );
};
