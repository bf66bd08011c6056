import type { EventRules, EventTypePolicy } from "@ringback/contracts/events/event-check";
import { isBuiltIn, isEventTypeName } from "@ringback/contracts/events/event-types";
import { z } from "zod";
import type { Settings } from "./settings.ts";

/** `open`, `catalogue`, or types added to the catalogue. */
const eventTypesSetting = z.string().transform((text, context): EventTypePolicy => {
  if (text === "open") return { kind: "open" };
  const added = text === "catalogue" ? [] : text.split(",").map((name) => name.trim());
  for (const name of added) {
    if (isEventTypeName(name) && !isBuiltIn(name)) continue;
    const wanted = "expected open, catalogue, or further event types such as kyc_done,lead_scored";
    context.addIssue(`'${name}' in '${text}': ${wanted}`);
  }
  return { kind: "catalogue", added: new Set(added) };
});

/** The rules for events; both services read them. */
export const eventSettings = {
  EVENT_TYPES: eventTypesSetting
    .prefault("catalogue")
    .describe(
      "Event types beside the built-in ones, such as `kyc_done,lead_scored`. `catalogue`: none; `open`: any name. Workspaces add their own types by the API",
    ),
  EVENT_SCHEMA: z
    .enum(["warn", "refuse"])
    .prefault("warn")
    .describe(
      "`warn`: an event with an unexpected value in a known field is delivered, with a warning. `refuse`: it becomes a dead letter `invalid_event`, and `POST /events` answers 422",
    ),
} as const;

/** The rules of the settings, with the types that workspaces added. */
export const eventRules = (
  { EVENT_TYPES: types, EVENT_SCHEMA: schema }: Settings<typeof eventSettings>,
  isOwnType: EventRules["isOwnType"],
): EventRules => ({ types, schema, isOwnType });
