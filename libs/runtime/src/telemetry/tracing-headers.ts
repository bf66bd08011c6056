import { Match, type MsgHdrs } from "@nats-io/nats-core";
import { readTraceContext, type TraceContext } from "@ringback/contracts/trace-context";

/**
 * The trace that a message belongs to; undefined for none, and for headers that cannot be read. Names
 * count without regard to case, as some clients write `Traceparent`; one that is there twice is none.
 */
export const traceContextOf = (decode: () => MsgHdrs | undefined): TraceContext | undefined => {
  try {
    const headers = decode();
    if (headers === undefined) return undefined;
    return readTraceContext((name) => {
      const [value = "", another] = headers.values(name, Match.IgnoreCase);
      return another === undefined ? value : "";
    });
  } catch {
    return undefined; // the client throws where a name has a character that names do not have
  }
};
