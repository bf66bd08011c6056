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

/** A time in the reader's zone. */
export const localText = (at: string | number): string => local.format(new Date(at));

/** A time of day in the reader's zone, with milliseconds. */
export const clockText = (at: string | number): string => ofDay.format(new Date(at));

/** The same time in UTC, with milliseconds. */
export const utcText = (at: string | number): string =>
  `${new Date(at).toISOString().replace("T", " ").replace("Z", "")} UTC`;
