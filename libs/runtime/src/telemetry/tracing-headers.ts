import { Match, type MsgHdrs } from "@nats-io/nats-core";
import { readTraceContext, type TraceContext } from "@ringback/contracts/trace-context";

/**
 * The trace that a message belongs to; undefined without one, and for headers that cannot be decoded. Names match in
 * any case, as some clients write `Traceparent`. A header that is there twice counts as missing.
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
    return undefined; // the client throws for a name with an invalid character
  }
};
