import { Buffer } from "node:buffer";
import { isId } from "@ringback/contracts/id";
import { z } from "zod";

const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;

/** Opaque tokens for positions in a list. */
export type Cursor<Position> = {
  readonly encode: (position: Position) => string;
  /** The position in a token, or undefined for a text that is no token of this list. */
  readonly decode: (token: string) => Position | undefined;
};

/** Tokens that hold a position as text; clients keep them, so that the text of a position must not change. */
export const cursorOf = <Position>(
  write: (position: Position) => string,
  read: (text: string) => Position | undefined,
): Cursor<Position> => {
  const encode = (position: Position) => Buffer.from(write(position)).toString("base64url");
  const decode = (token: string): Position | undefined => {
    const position = read(Buffer.from(token, "base64url").toString());
    // Decoding is lenient: only a text that encodes to the same token was made here.
    return position !== undefined && encode(position) === token ? position : undefined;
  };
  return { encode, decode };
};

/** For a list of a stream, newest first: the page holds sequences before this one. */
export const seqCursor = cursorOf<number>(
  (seq) => `before:${seq}`,
  (text) => {
    const seq = Number(/^before:([1-9]\d{0,15})$/.exec(text)?.[1]);
    return Number.isSafeInteger(seq) ? seq : undefined;
  },
);

/** For the list of agents: the page holds ids after this one. */
export const agentCursor = cursorOf<string>(
  (agentId) => `after:${agentId}`,
  (text) => {
    const agentId = text.replace(/^after:/, "");
    return isId(agentId) ? agentId : undefined;
  },
);

/** For the list of endpoints: the page holds those that were created after this one. */
export const endpointCursor = cursorOf<{ created_at: string; endpoint_id: string }>(
  ({ created_at, endpoint_id }) => `created:${created_at}/${endpoint_id}`,
  (text) => {
    const [, created_at, endpoint_id] =
      /^created:([0-9TZ:.-]{20,30})\/(ep_[a-z2-7]{16})$/.exec(text) ?? [];
    return created_at === undefined || endpoint_id === undefined
      ? undefined
      : { created_at, endpoint_id };
  },
);

/** For a list of the projection, whose name keeps cursors of other lists out. */
export const rowCursor = (list: "events" | "attempts" | "dead_letters" | "calls") =>
  cursorOf<{ readonly atMs: number; readonly seq: number }>(
    ({ atMs, seq }) => `${list}:${atMs}:${seq}`,
    (text) => {
      const [, atMs, seq] = text.split(":").map(Number);
      return Number.isSafeInteger(atMs) && Number.isSafeInteger(seq)
        ? { atMs: atMs as number, seq: seq as number }
        : undefined;
    },
  );

/** For the list of deliveries, which an event may have several of. */
export const deliveryCursor = cursorOf<{
  readonly atMs: number;
  readonly seq: number;
  readonly endpoint: number;
}>(
  ({ atMs, seq, endpoint }) => `deliveries:${atMs}:${seq}:${endpoint}`,
  (text) => {
    const [, atMs = NaN, seq = NaN, endpoint = NaN] = text.split(":").map(Number);
    return [atMs, seq, endpoint].every(Number.isSafeInteger) ? { atMs, seq, endpoint } : undefined;
  },
);

/** `limit` and `cursor` of every list, for its query's schema; a cursor is parsed to its position. */
export const pagination = <Position>({ decode }: Cursor<Position>) => ({
  limit: z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(1).max(MAX_PAGE))
    .default(DEFAULT_PAGE)
    .meta({
      description: "How many a page has at most",
      documentedAs: { type: "integer", minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE },
    }),
  cursor: z
    .string()
    .transform((token, context) => {
      const position = decode(token);
      if (position !== undefined) return position;
      context.addIssue("is not a next_cursor of an earlier response");
      return z.NEVER;
    })
    .optional()
    .meta({ description: "`next_cursor` of the page before; without it the first page" }),
});

/** The query of a list that is read from a stream. */
export const pageQuerySchema = z.strictObject(pagination(seqCursor));

/** The query of calls that take none. */
export const noQuerySchema = z.strictObject({});
