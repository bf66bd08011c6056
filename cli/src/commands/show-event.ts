import { z } from "zod";
import type { CommandContext } from "../command-context.ts";
import {
  attemptSchema,
  nextOf,
  outcomeStyle,
  requestOf,
  responseLines,
  resultOf,
  tookOf,
  type Attempt,
} from "../output/attempt.ts";
import { paintStatus } from "../output/event-row.ts";
import { jsonLine } from "../output/json-line.ts";
import { jsonIn, notTheApi } from "../api/response.ts";
import { eventPath } from "../options/event-id.ts";
import { printable } from "../output/printable.ts";
import { fact } from "../output/table.ts";
import type { Terminal } from "../output/terminal.ts";

const eventSchema = z.looseObject({
  event_id: z.string(),
  event_type: z.string().nullable(),
  call_id: z.string().nullable(),
  agent_id: z.string().nullable(),
  stored_at: z.string(),
  size_bytes: z.int(),
  status: z.string(),
  next_attempt_at: z.string().nullable(),
  attempt_count: z.int(),
  // Missing in responses of an earlier version.
  deliveries: z
    .array(
      z.looseObject({
        delivery_id: z.string(),
        endpoint_id: z.string().nullable(),
        uid: z.string().optional(),
        status: z.string(),
        attempts: z.int(),
        destination: z.string().nullable(),
        next_attempt_at: z.string().nullable(),
      }),
    )
    .optional(),
  skipped: z
    .array(z.looseObject({ endpoint_id: z.string(), uid: z.string().optional(), by: z.string() }))
    .optional(),
  attempts: z.array(attemptSchema),
  dead_letter: z
    .looseObject({ reason: z.string(), at: z.string(), message: z.string() })
    .nullable(),
  warnings: z.array(z.looseObject({ path: z.string(), message: z.string() })).optional(),
});

type Event = z.infer<typeof eventSchema>;

/** Shows one event: what became of it, its attempts, what is next. */
export const showEvent = async (
  eventId: string,
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  const path = eventPath(eventId);
  const line = jsonLine(await client.bytes({ path, signal }));
  const event = eventSchema.safeParse(jsonIn(line)).data;
  if (event === undefined) throw notTheApi(path, "what is not understood here");
  if (terminal.isJson) return terminal.line(line);
  for (const one of factsOf(event, terminal)) terminal.line(one);
  showDeliveries(event, terminal);
  showAttempts(event, terminal);
};

const factsOf = (event: Event, { time, style }: Terminal): string[] => {
  const { event_id, status, dead_letter, next_attempt_at } = event;
  const { skipped = [], warnings = [] } = event;
  return [
    fact("Event", style("bold", event_id)),
    fact("Type", event.event_type ?? "(unknown)"),
    fact("Agent", event.agent_id ?? "(unknown)"),
    fact("Call", printable(event.call_id ?? "(unknown)")),
    fact("Stored", `${time(event.stored_at)}, ${event.size_bytes} bytes`),
    fact("Status", paintStatus(status, status, style)),
    ...(next_attempt_at === null ? [] : [fact("Next attempt", time(next_attempt_at))]),
    ...(dead_letter === null
      ? []
      : [
          fact(
            "Dead letter",
            `${dead_letter.reason}, ${time(dead_letter.at)}: ${printable(dead_letter.message)}`,
          ),
        ]),
    ...skipped.map((one) => fact("Skipped", `${nameOf(one.endpoint_id, one.uid)}, by ${one.by}`)),
    ...warnings.map(({ path, message }) => fact("Warning", `${path} ${printable(message)}`)),
  ];
};

type Delivery = NonNullable<Event["deliveries"]>[number];

/** Where an event went, where that is more than its agent's subscription. */
const showDeliveries = ({ deliveries = [] }: Event, terminal: Terminal): void => {
  if (deliveries.every(({ endpoint_id }) => endpoint_id === null)) return;
  terminal.line("");
  terminal.table(
    [
      {
        heading: "DESTINATION",
        cell: ({ endpoint_id, uid }: Delivery) => nameOf(endpoint_id, uid),
      },
      {
        heading: "STATUS",
        cell: ({ status }) => status,
        paint: ({ status }, text) => paintStatus(status, text, terminal.style),
      },
      { heading: "ATTEMPTS", cell: ({ attempts }) => String(attempts) },
      { heading: "URL", cell: ({ destination }) => printable(destination ?? ""), shrinks: true },
      {
        heading: "NEXT",
        cell: ({ next_attempt_at: next }) => (next === null ? "" : terminal.time(next)),
      },
    ],
    deliveries,
  );
};

/** An endpoint as people call it. */
const nameOf = (endpointId: string | null, uid: string | undefined): string =>
  endpointId === null ? "agent" : printable(uid ?? endpointId);

const showAttempts = ({ event_id, attempts, attempt_count }: Event, terminal: Terminal): void => {
  const [last] = attempts;
  if (last === undefined) return terminal.note("There were no attempts.");
  terminal.line("");
  terminal.table(
    [
      { heading: "ATTEMPT", cell: ({ attempt }: Attempt) => String(attempt) },
      { heading: "AT", cell: ({ at }) => terminal.time(at) },
      { heading: "BY", cell: ({ trigger }) => trigger },
      {
        heading: "RESULT",
        cell: ({ outcome }) => resultOf(outcome),
        paint: ({ outcome }, text) => terminal.style(outcomeStyle(outcome), text),
      },
      { heading: "TOOK", cell: ({ duration_ms }) => tookOf(duration_ms) },
      { heading: "REQUEST", cell: requestOf, shrinks: true },
      { heading: "NEXT", cell: (attempt) => nextOf(attempt, terminal) },
    ],
    attempts.toReversed(),
  );
  if (attempt_count > attempts.length) {
    const all = `ringback attempts --event ${event_id} --limit ${attempt_count}`;
    terminal.note(`The last ${attempts.length} of ${attempt_count}: ${all} shows all`);
  }
  const response = responseLines(last);
  if (response.length === 0) return;
  terminal.line(`\nThe response to the last attempt:`);
  for (const one of response) terminal.line(one);
};
