/** A position in a trace (W3C Trace Context): the parent of later spans, or their link. */
export type TraceContext = {
  /** 32 hexadecimal digits in lower case, not all zero. */
  readonly traceId: string;
  /** 16 of them, not all zero. */
  readonly spanId: string;
  /** The trace's first participant samples it. */
  readonly isSampled: boolean;
  /** `tracestate` of tracing systems, passed on unchanged. */
  readonly state?: string;
};

/** Lower case, as the recommendation requires. */
export const TRACEPARENT = "traceparent";
export const TRACESTATE = "tracestate";

// Version 00 has exactly these parts; later versions may add more after a hyphen. ff is invalid.
const VERSION_00 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const LATER =
  /^(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-[\x21-\x7e]*)?$/;
const NOTHING = /^0+$/;
const SAMPLED_FLAG = 1;

/** The longest value of a later version. */
const MAX_PARENT_CHARACTERS = 256;

/** The length that everybody must pass on; longer values are dropped, as the recommendation allows. */
const MAX_STATE_CHARACTERS = 512;
const MAX_STATE_MEMBERS = 32;
const STATE_MEMBER =
  /^[a-z0-9][a-z0-9_\-*/]{0,240}(?:@[a-z][a-z0-9_\-*/]{0,13})?=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * The context in the headers of a message or request (`get` returns an empty string for a missing one); undefined for
 * a missing or invalid one. An invalid or long `tracestate` is dropped.
 */
export const readTraceContext = (get: (name: string) => string): TraceContext | undefined => {
  const parent = get(TRACEPARENT);
  if (parent === "" || parent.length > MAX_PARENT_CHARACTERS) return undefined;
  const [, traceId = "", spanId = "", flags = ""] =
    VERSION_00.exec(parent) ?? LATER.exec(parent) ?? [];
  if (traceId === "" || NOTHING.test(traceId) || NOTHING.test(spanId)) return undefined;
  const isSampled = (Number.parseInt(flags, 16) & SAMPLED_FLAG) !== 0;
  const state = usableState(get(TRACESTATE));
  return { traceId, spanId, isSampled, ...(state === undefined ? {} : { state }) };
};

/** The headers of a context; none without one. */
export const traceHeaders = (
  context: TraceContext | undefined,
): ReadonlyArray<readonly [string, string]> => {
  if (context === undefined) return [];
  const parent = [TRACEPARENT, traceparentOf(context)] as const;
  return context.state === undefined ? [parent] : [parent, [TRACESTATE, context.state]];
};

/** A context as a `traceparent` of version 00. */
export const traceparentOf = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;

const usableState = (text: string): string | undefined => {
  if (text === "" || text.length > MAX_STATE_CHARACTERS) return undefined;
  const members = text
    .split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((member) => member !== "");
  if (members.length === 0 || members.length > MAX_STATE_MEMBERS) return undefined;
  return members.every((member) => STATE_MEMBER.test(member)) ? members.join(",") : undefined;
};
