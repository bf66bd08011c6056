import type { SendResult } from "../../send/result.ts";

const DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun";
const LONG_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

/** The three forms of HTTP-date (RFC 9110, section 5.6.7): the current one and two obsolete ones. */
const DATES = [
  new RegExp(String.raw`^(?:${DAYS}), (?<day>\d\d) ${MONTH} (?<year>\d{4}) ${TIME} GMT$`),
  new RegExp(String.raw`^(?:${LONG_DAYS}), (?<day>\d\d)-${MONTH}-(?<year>\d\d) ${TIME} GMT$`),
  new RegExp(String.raw`^(?:${DAYS}) ${MONTH} (?<day>[\d ]\d) ${TIME} (?<year>\d{4})$`),
];

/** Statuses with which an endpoint may ask for a longer wait. */
const RETRY_AFTER_STATUSES = new Set([429, 503]);

/**
 * The wait from `nowMs` on that an endpoint asks for: the `Retry-After` of a 429 or 503; undefined where
 * there is none, or none that can be understood.
 */
export const retryAfterOf = (result: SendResult, nowMs: number): number | undefined => {
  if (result.kind !== "response" || !RETRY_AFTER_STATUSES.has(result.status)) return undefined;
  const text = result.headers["retry-after"];
  return text === undefined ? undefined : retryAfterMs(text, nowMs);
};

/** Milliseconds from `nowMs` that a `Retry-After` says (RFC 9110, section 10.2.3); 0 for a past date. */
export const retryAfterMs = (text: string, nowMs: number): number | undefined => {
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return Number(trimmed) * 1_000;
  const atMs = httpDateMs(trimmed, nowMs);
  return atMs === undefined ? undefined : Math.max(0, atMs - nowMs);
};

/** The time that an HTTP-date names, in ms since 1970; undefined for anything else. */
const httpDateMs = (text: string, nowMs: number): number | undefined => {
  for (const form of DATES) {
    const found = form.exec(text)?.groups;
    if (found === undefined) continue;
    const [day, hour, minute, second] = ["day", "hour", "minute", "second"].map((name) =>
      Number(found[name]),
    ) as [number, number, number, number];
    const month = MONTHS.indexOf(found["month"] ?? "");
    const year = fullYear(found["year"] ?? "", nowMs);
    const midnightMs = Date.UTC(year, month, day);
    // The 31st of a shorter month would become a day of the next one. A leap second is allowed.
    const isDay = day > 0 && new Date(midnightMs).getUTCMonth() === month;
    if (!isDay || hour > 23 || minute > 59 || second > 60) return undefined;
    return midnightMs + ((hour * 60 + minute) * 60 + second) * 1_000;
  }
  return undefined;
};

/** Of two digits: in the century that is now, or the one before where that is over 50 years ahead. */
const fullYear = (digits: string, nowMs: number): number => {
  if (digits.length === 4) return Number(digits);
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(digits);
  return year > thisYear + 50 ? year - 100 : year;
};
