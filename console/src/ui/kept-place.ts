import { useCallback, useEffect, useLayoutEffect, useRef, type RefObject } from "react";

const NOTED_MS = 200;

/**
 * Keeps what somebody reads where it is: the row at the top stays there while rows come and go above it, and going back
 * to the page finds it scrolled as it was. A list at its very top shows what comes.
 */
export const useKeptPlace = (
  name: string,
  keys: { readonly count: number; readonly at: (index: number) => string },
  rowPx: number,
): {
  readonly scroll: RefObject<HTMLDivElement | null>;
  /** Call it when other rows come into sight. */
  readonly note: () => void;
  /** Where the table is to begin. */
  readonly firstTop: () => number;
} => {
  const scroll = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ readonly index: number; readonly key: string }>(undefined);
  const note = useCallback(() => {
    const element = scroll.current;
    const top = element === null ? 0 : element.scrollTop;
    const index = Math.min(Math.floor(top / rowPx), keys.count - 1);
    anchor.current = top < rowPx || index < 0 ? undefined : { index, key: keys.at(index) };
  }, [keys, rowPx]);
  useLayoutEffect(() => {
    const element = scroll.current;
    if (element === null) return;
    if (anchor.current !== undefined) {
      const { index, key } = anchor.current;
      const now = indexOf(keys, key, index);
      if (now >= 0 && now !== index) element.scrollBy({ top: (now - index) * rowPx });
    }
    note();
  }, [keys, rowPx, note]);
  useEffect(() => {
    const element = scroll.current;
    if (element === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onScroll = () => {
      clearTimeout(timer);
      timer = setTimeout(() => noteTop(name, element.scrollTop), NOTED_MS);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      clearTimeout(timer);
      element.removeEventListener("scroll", onScroll);
    };
  }, [name]);
  return { scroll, note, firstTop: () => notedTop(name) };
};

/** Rows move down as others come, so it is looked for from where it was. */
const indexOf = (
  { count, at }: { readonly count: number; readonly at: (index: number) => string },
  key: string,
  from: number,
): number => {
  for (let index = from; index < count; index += 1) if (at(index) === key) return index;
  for (let index = Math.min(from, count) - 1; index >= 0; index -= 1) {
    if (at(index) === key) return index;
  }
  return -1;
};

/** The entry of the browser's history knows it, so that Back finds it and a fresh visit does not. */
const stateNow = (): Readonly<Record<string, unknown>> => {
  const state: unknown = history.state;
  return typeof state === "object" && state !== null ? { ...state } : {};
};

const notedTop = (name: string): number => {
  const top = stateNow()[`top of ${name}`];
  return typeof top === "number" ? top : 0;
};

const noteTop = (name: string, top: number): void => {
  history.replaceState({ ...stateNow(), [`top of ${name}`]: top }, "");
};
