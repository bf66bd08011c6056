import type { paths } from "../../api/schema.gen.ts";

/** An event as `GET /events/{event_id}` has it. */
export type EventDetail =
  paths["/events/{event_id}"]["get"]["responses"][200]["content"]["application/json"];
