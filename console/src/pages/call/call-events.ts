import type { paths } from "../../api/schema.gen.ts";

/** An event of a call, as `GET /calls/{call_id}/events` has it. */
export type CallEvent =
  paths["/calls/{call_id}/events"]["get"]["responses"][200]["content"]["application/json"]["events"][number];

export type CallAttempt = CallEvent["attempts"][number];
