const local = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const ofDay = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

const SHORT_MS = 12 * 3_600_000;

/** A time in the reader's zone in little room: of the last hours without its day, before that without its seconds. */
export const shortText = (at: string | number, nowMs: number): string => {
  const date = new Date(at);
  const isNear = Math.abs(nowMs - date.getTime()) < SHORT_MS;
  return isNear ? clock.format(date) : day.format(date);
};

/** A time in the reader's zone. */
export const localText = (at: string | number): string => local.format(new Date(at));

/** A time of day in the reader's zone, with milliseconds. */
export const clockText = (at: string | number): string => ofDay.format(new Date(at));

/** The same time in UTC, with milliseconds. */
export const utcText = (at: string | number): string =>
  `${new Date(at).toISOString().replace("T", " ").replace("Z", "")} UTC`;
