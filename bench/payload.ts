import type { EventAddress } from "@ringback/contracts/streams/subjects";

/** What an event of the benchmark carries, so that the receiver can say how long it took. */
export type Mark = {
  /** Which event of the run it is, from 0. */
  readonly n: number;
  /** When it was published, in microseconds of the machine's monotonic clock. */
  readonly sentUs: number;
};

/** Who the events go to, in turn: `count` agents from `first` on. */
export type Crowd = {
  readonly first: number;
  readonly count: number;
  /** From one agent to the next; 1 unless given. */
  readonly step?: number;
  /** So many workspaces share the agents; unless given, each agent has its own. */
  readonly workspaces?: number | undefined;
};

/** The agent that event `n` belongs to. */
export const agentOf = (n: number, { first, count, step = 1 }: Crowd): number =>
  first + (n % count) * step;

/** Agent `agent`'s event `n`. */
export const addressOf = (agent: number, n: number, workspaces = Infinity): EventAddress => ({
  workspaceId: `w${agent % workspaces}`,
  callId: `c${n}`,
  agentId: `a${agent}`,
  eventType: "call_completed",
});

/** The types of the events of one call, in the order in which they come. */
export const CALL_TYPES = [
  "call_completed",
  "recording_completed",
  "platform_analysis_completed",
  "client_analysis_completed",
  "all_processing_completed",
] as const;

/** Event `nth` of call `call`: its address and its body. */
export const eventOfCall = (
  agent: number,
  call: number,
  { nth, sentUs }: { readonly nth: number; readonly sentUs: number },
): { readonly address: EventAddress; readonly body: string } => {
  const eventType = CALL_TYPES[nth] ?? CALL_TYPES[0];
  const address = { ...addressOf(agent, call), eventType };
  const n = call * CALL_TYPES.length + nth;
  const mark = `"n":${n},"sent_us":${sentUs}`;
  return { address, body: `{${mark},"event_type":"${eventType}","call_id":"${address.callId}"}` };
};

/** A callback URL says which agent it belongs to, so that the receiver can tell them apart. */
export const callbackUrl = (origin: string, agent: number): string => `${origin}/${agent}`;

/** Above: the agent that a request's path belongs to. */
export const agentInPath = (path: string): number => Number(path.slice(1));

const SENTENCE =
  "Yes, that would suit me well; could you call again next Tuesday about half past ten?";
const TURNS = [`{"bot":"${SENTENCE}"}`, `{"user":"${SENTENCE}"}`];

/**
 * The end of a body of about `bytes`: the turns of a conversation, as large events have them. What
 * parsing costs depends on how many values there are, so one long text would be too kind.
 */
export const bodyTail = (bytes: number): string => {
  const headBytes = headOf({ n: 1_000_000, sentUs: 1e15 }).length;
  const turns: string[] = [];
  let left = bytes - headBytes - '"transcript":[]}'.length;
  for (let n = 0; left > TURNS[0]!.length; n += 1) {
    const turn = TURNS[n % TURNS.length]!;
    turns.push(turn);
    left -= turn.length + 1;
  }
  return `"transcript":[${turns.join(",")}]}`;
};

const headOf = ({ n, sentUs }: Mark): string =>
  `{"n":${n},"sent_us":${sentUs},"event_type":"call_completed","call_id":"c${n}","status":"completed",`;

/** The JSON text of an event. */
export const bodyOf = (mark: Mark, tail: string): string => headOf(mark) + tail;

/** The mark at the beginning of a body; undefined when there is none. */
export const markIn = (start: string): Mark | undefined => {
  const match = /^\{"n":(\d+),"sent_us":(\d+),/.exec(start);
  return match === null ? undefined : { n: Number(match[1]), sentUs: Number(match[2]) };
};

/** Characters at the beginning of a body that hold its mark. */
export const MARK_CHARACTERS = 64;

/** Where events for the bare consumer are published. */
export const BARE_SUBJECT = "bare.event";
