import { useEffect, useState } from "react";
import { durationText, relativeText } from "../format/duration.ts";
import { localText, shortText, utcText } from "../format/time.ts";

/** The time now, in ms, told again every so often. */
export const useNow = (everyMs = 1_000): number => {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
};

/** A time in the reader's zone; the one in UTC is a hover away. Null shows as a dash. */
export const Time = ({ at }: { readonly at: string | number | null | undefined }) => {
  if (at === null || at === undefined) return <>–</>;
  return (
    <time dateTime={new Date(at).toISOString()} title={utcText(at)}>
      {localText(at)}
    </time>
  );
};

const MINUTE_MS = 60_000;

/** A time in a table: short, and whole a hover away. Null shows as a dash. */
export const When = ({ at }: { readonly at: string | number | null | undefined }) => {
  const now = useNow(MINUTE_MS);
  if (at === null || at === undefined) return <>–</>;
  return (
    <time dateTime={new Date(at).toISOString()} title={`${localText(at)}\n${utcText(at)}`}>
      {shortText(at, now)}
    </time>
  );
};

/** How long ago, or in how long; the times themselves are a hover away. */
export const Ago = ({ at }: { readonly at: string | number | null | undefined }) => {
  const now = useNow();
  if (at === null || at === undefined) return <>–</>;
  return (
    <time dateTime={new Date(at).toISOString()} title={`${localText(at)}\n${utcText(at)}`}>
      {relativeText(new Date(at).getTime(), now)}
    </time>
  );
};

export const Duration = ({ ms }: { readonly ms: number | null | undefined }) => (
  <>{ms === null || ms === undefined ? "–" : durationText(ms)}</>
);
