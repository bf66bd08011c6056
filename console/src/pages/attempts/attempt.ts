import type { paths } from "../../api/schema.gen.ts";

/** An attempt as all calls of the API show it. */
export type Attempt =
  paths["/events/{event_id}/attempts"]["get"]["responses"][200]["content"]["application/json"]["attempts"][number];

/** What an attempt got, in few words: its status code, or why there was none. */
export const resultText = ({ outcome }: Pick<Attempt, "outcome">): string => {
  if (outcome.kind === "cancelled") return "–";
  if (outcome.status_code !== undefined) return String(outcome.status_code);
  return outcome.kind === "failed" ? outcome.reason.replaceAll("_", " ") : "–";
};
