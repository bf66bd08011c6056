import type { Outcome } from "@ringback/contracts/deliveries/attempt";
import { z } from "zod";
import type { CommandContext } from "../command-context.ts";
import {
  attemptSchema,
  outcomeStyle,
  requestOf,
  responseLines,
  resultOf,
  tookOf,
} from "./attempt.ts";
import { printable } from "./printable.ts";

/** The response to a test event. */
export const testedSchema = z.looseObject({
  event_id: z.string(),
  attempt: attemptSchema.nullish(),
});

/** The API waits for the attempt: a request's deadline and some seconds. */
export const TEST_TIMEOUT_MS = 330_000;

/** Shows what a test event came to: request, result, the response's headers and body. Fails where it was not delivered. */
export const showTested = (
  tested: z.infer<typeof testedSchema>,
  { terminal, fail }: Pick<CommandContext, "terminal" | "fail">,
): void => {
  const { event_id, attempt } = tested;
  if (attempt?.outcome.kind !== "delivered") fail();
  if (terminal.isJson) return terminal.line(JSON.stringify(tested));
  if (attempt === undefined || attempt === null) {
    return terminal.line(
      `${event_id}: not attempted in time, and will be: ringback events ${event_id} shows it`,
    );
  }
  const to = attempt.request === undefined ? "" : ` ${requestOf(attempt)}:`;
  const verdict = terminal.style(outcomeStyle(attempt.outcome), verdictOf(attempt.outcome));
  terminal.line(`${event_id}:${to} ${verdict} in ${tookOf(attempt.duration_ms)}`);
  const lines = responseLines(attempt);
  if (lines.length > 0) terminal.line("");
  for (const line of lines) terminal.line(line);
};

const verdictOf = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case "delivered":
      return `delivered ${outcome.status_code}`;
    case "failed": {
      const { detail } = outcome;
      const why = detail === undefined ? "" : ` (${printable(detail)})`;
      return `failed ${resultOf(outcome)}${why}`;
    }
    case "cancelled":
      return "cancelled: the subscription or endpoint was gone";
    default:
      return outcome satisfies never;
  }
};
