const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A length of time in ms for people, such as `48 ms`, `1.2 s`, `2 min 5 s`, `3 d 4 h`: two units at most. */
export const durationText = (ms: number): string => {
  const length = Math.abs(ms);
  if (length < SECOND_MS) return `${Math.round(length)} ms`;
  if (length < 10 * SECOND_MS) return `${(Math.floor(length / 100) / 10).toString()} s`;
  const [unitMs, unit, smallerMs, smaller] = unitsOf(length);
  const whole = Math.floor(length / unitMs);
  const rest = Math.floor((length % unitMs) / smallerMs);
  return smaller === "" || rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${smaller}`;
};

const unitsOf = (length: number): readonly [number, string, number, string] => {
  if (length < MINUTE_MS) return [SECOND_MS, "s", 1, ""];
  if (length < HOUR_MS) return [MINUTE_MS, "min", SECOND_MS, "s"];
  if (length < DAY_MS) return [HOUR_MS, "h", MINUTE_MS, "min"];
  return [DAY_MS, "d", HOUR_MS, "h"];
};

/** How far a time is from now, such as `5 s ago` or `in 2 min`. */
export const relativeText = (atMs: number, nowMs: number): string => {
  const away = atMs - nowMs;
  if (Math.abs(away) < SECOND_MS) return "now";
  const [first, unit] = durationText(away).split(" ");
  const text = `${Math.abs(away) < 10 * SECOND_MS ? Math.floor(Math.abs(away) / SECOND_MS) : first} ${unit}`;
  return away > 0 ? `in ${text}` : `${text} ago`;
};
