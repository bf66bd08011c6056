import { Buffer } from "node:buffer";
import { isId } from "@ringback/contracts/id";

/** An opaque token for the place after this agent in a list ordered by id. */
export const cursorAfter = (agentId: string): string =>
  Buffer.from(`after:${agentId}`).toString("base64url");

/** The agent id in a cursor, or undefined when it is none of ours. */
export const agentIdInCursor = (cursor: string): string | undefined => {
  const [prefix, agentId, ...rest] = Buffer.from(cursor, "base64url").toString().split(":");
  if (prefix !== "after" || agentId === undefined || rest.length > 0) return undefined;
  // Decoding is lenient: only what encodes to the same text again was made here.
  return isId(agentId) && cursorAfter(agentId) === cursor ? agentId : undefined;
};
