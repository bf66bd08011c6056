/** A time of RFC 3339, for people. */
export type ShowTime = (at: string) => string;

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

type Parts = { year: number; month: number; day: number; clock: string };

/** `Nov 26 14:03:11`, of another year `2025-11-26 14:03`; local, or in UTC. What is no time stays as it is. */
export const timeForPeople =
  (isUtc: boolean, nowMs: number): ShowTime =>
  (at) => {
    const date = new Date(at);
    if (Number.isNaN(date.getTime())) return at;
    const { year, month, day, clock } = partsOf(date, isUtc);
    if (year === partsOf(new Date(nowMs), isUtc).year) {
      return `${MONTHS[month]} ${String(day).padStart(2, "0")} ${clock}`;
    }
    return `${year}-${two(month + 1)}-${two(day)} ${clock.slice(0, 5)}`;
  };

const partsOf = (date: Date, isUtc: boolean): Parts => {
  const [hour, minute, second] = isUtc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  return {
    year: isUtc ? date.getUTCFullYear() : date.getFullYear(),
    month: isUtc ? date.getUTCMonth() : date.getMonth(),
    day: isUtc ? date.getUTCDate() : date.getDate(),
    clock: [hour, minute, second].map(two).join(":"),
  };
};

const two = (n: number): string => String(n).padStart(2, "0");
