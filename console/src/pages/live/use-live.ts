import { useEffect, useRef, useState } from "react";
import { followStream } from "./live-stream.ts";
import { MAX_ROWS, rowOf, withArrived, type LiveRow } from "./live-rows.ts";

/** Rows that came are shown together this often, however many there are. */
const SHOWN_EVERY_MS = 250;

export type LiveState =
  | { readonly kind: "connecting" }
  | { readonly kind: "open" }
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "paused" }
  | { readonly kind: "refused"; readonly error: unknown };

/**
 * Attempts as they happen. A pause closes the connection and keeps its position: going on brings what came meanwhile, as
 * far as the API keeps it, and nothing of it waits in the page's memory.
 */
export const useLive = (
  query: Readonly<Record<string, string>>,
  isPaused: boolean,
): { readonly rows: readonly LiveRow[]; readonly state: LiveState; readonly clear: () => void } => {
  const [rows, setRows] = useState<readonly LiveRow[]>([]);
  const [connection, setConnection] = useState<LiveState>({ kind: "connecting" });
  const position = useRef<{ readonly of: string; readonly id: string | undefined }>(undefined);
  const text = new URLSearchParams(query).toString();
  useEffect(() => {
    if (isPaused) return;
    // Another filter is another stream, of which nothing was seen yet.
    if (position.current?.of !== text) {
      position.current = { of: text, id: undefined };
      setRows([]);
    }
    const stop = new AbortController();
    let arrived: LiveRow[] = [];
    let nth = 0;
    const show = () => {
      if (arrived.length === 0) return;
      const these = arrived;
      arrived = [];
      setRows((before) => withArrived(before, these));
    };
    const timer = setInterval(show, SHOWN_EVERY_MS);
    setConnection({ kind: "connecting" });
    void followStream(Object.fromEntries(new URLSearchParams(text)), stop.signal, {
      lastId: () => position.current?.id,
      onOpen: () => setConnection({ kind: "open" }),
      onLost: (reason) => setConnection({ kind: "lost", reason }),
      onMessage: (message) => {
        nth += 1;
        const row = rowOf(message, Date.now() + nth);
        if (row !== undefined) arrived.push(row);
        if (arrived.length > MAX_ROWS) arrived.shift();
        position.current = { of: text, id: message.id ?? position.current?.id };
      },
    }).catch((error: unknown) => setConnection({ kind: "refused", error }));
    return () => {
      stop.abort();
      clearInterval(timer);
      show();
    };
  }, [text, isPaused]);
  const state: LiveState = isPaused ? { kind: "paused" } : connection;
  return { rows, state, clear: () => setRows([]) };
};
