/** A place in a trace, as W3C Trace Context says it: what work that follows from it is hung under, or linked to. */
export type TraceContext = {
  /** 32 hexadecimal digits in lower case, not all zero. */
  readonly traceId: string;
  /** 16 of them, not all zero. */
  readonly spanId: string;
  /** Whoever began the trace wants it kept. */
  readonly isSampled: boolean;
  /** `tracestate`, which belongs to tracing systems and is handed on as it came. */
  readonly state?: string;
};

/** Names in lower case, as the recommendation wants them written. */
export const TRACEPARENT = "traceparent";
export const TRACESTATE = "tracestate";

// Version 00 has these parts and no more; later ones may go on behind a hyphen. ff is no version.
const VERSION_00 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const LATER =
  /^(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-[\x21-\x7e]*)?$/;
const NOTHING = /^0+$/;
const SAMPLED_FLAG = 1;

/** What a later version may have grown to. */
const MAX_PARENT_CHARACTERS = 256;

/** What everybody has to hand on at least; more is dropped, which the recommendation allows. */
const MAX_STATE_CHARACTERS = 512;
const MAX_STATE_MEMBERS = 32;
const STATE_MEMBER =
  /^[a-z0-9][a-z0-9_\-*/]{0,240}(?:@[a-z][a-z0-9_\-*/]{0,13})?=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * The context in the headers of a message or request (`get` gives an empty string for a missing one);
 * undefined for none and for garbage. A `tracestate` that is wrong or long is left out.
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

/** The headers that carry a context; none for none. */
export const traceHeaders = (
  context: TraceContext | undefined,
): ReadonlyArray<readonly [string, string]> => {
  if (context === undefined) return [];
  const parent = [TRACEPARENT, traceparentOf(context)] as const;
  return context.state === undefined ? [parent] : [parent, [TRACESTATE, context.state]];
};

/** A context as `traceparent` of version 00. */
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
