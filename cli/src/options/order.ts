import { ORDER_CHOICES } from "@ringback/contracts/agents/delivery-order";
import { parseDurationMs } from "@ringback/contracts/duration";
import { Option, type Command } from "commander";
import { usageError } from "../cli-error.ts";

export type OrderOptions = { readonly order?: string; readonly maxWait?: string };

/** Adds the options of `OrderOptions`. */
export const withOrderOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--order <on_failure>",
        "events of a call one after the other; after a failure the next ones wait, or skip it",
      ).choices(ORDER_CHOICES),
    )
    .option("--max-wait <duration>", "with --order: an event waits no longer, such as 10m");

/** The field `order` of a request; undefined without `--order`. Throws for a wait that is none, or goes with no order. */
export const orderOf = ({ order, maxWait }: OrderOptions) => {
  if (order === undefined && maxWait !== undefined) {
    throw usageError(`--max-wait goes with --order: ${ORDER_CHOICES.join(" or ")}`);
  }
  if (maxWait !== undefined && parseDurationMs(maxWait) === undefined) {
    throw usageError(`--max-wait is '${maxWait}': expected a duration such as 30s, 10m or 2h`);
  }
  return (
    order && {
      by: "call",
      on_failure: order,
      ...(maxWait !== undefined && { max_wait: maxWait }),
    }
  );
};
