import { EVENT_TYPES, isBuiltIn, isEventTypeName } from "@ringback/contracts/events/event-types";
import { InvalidArgumentError } from "commander";
import { z } from "zod";
import { didYouMean } from "../api/did-you-mean.ts";
import { usageError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";

/** Checks the name's form only: `checkTypes` knows the workspace's types. */
export const eventTypeIn = (text: string): string => {
  if (isEventTypeName(text)) return text;
  const near = didYouMean(text, EVENT_TYPES);
  throw new InvalidArgumentError(
    near === ""
      ? `Expected one of ${EVENT_TYPES.join(", ")}, or a type that was added.`
      : `D${near.slice(3)}`,
  );
};

/** Names with commas between them, none of them twice. */
export const eventTypesIn = (text: string): readonly string[] => [
  ...new Set(text.split(",").map((one) => eventTypeIn(one.trim()))),
];

const catalogueSchema = z.looseObject({
  event_types: z.array(z.looseObject({ event_type: z.string() })),
  open: z.boolean().optional(),
});

/** Throws for a type that the workspace does not have; asks the API only about those that are not built in. */
export const checkTypes = async (
  { client, interrupted: signal }: Pick<CommandContext, "client" | "interrupted">,
  types: readonly string[] = [],
): Promise<void> => {
  const added = types.filter((type) => !isBuiltIn(type));
  if (added.length === 0) return;
  const { event_types, open } = await client.call(
    { path: "/event-types", signal },
    catalogueSchema,
  );
  if (open === true) return;
  const known = event_types.map(({ event_type }) => event_type);
  const unknown = added.find((type) => !known.includes(type));
  if (unknown === undefined) return;
  const hint = didYouMean(unknown, known) || `: there are ${known.join(", ")}`;
  throw usageError(`'${unknown}' is no event type of this workspace${hint}`);
};
