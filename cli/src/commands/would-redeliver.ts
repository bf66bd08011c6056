import { z } from "zod";
import { pages } from "../api/pages.ts";
import type { CommandContext } from "../command-context.ts";
import { eventColumns, listedEventSchema, type ListedEvent } from "../output/event-row.ts";
import { eventPath } from "../options/event-id.ts";

/** What a redelivery job would be about. */
type Wanted = {
  readonly agent_id?: string;
  readonly event_types?: readonly string[];
  readonly since: string | undefined;
  readonly until?: string;
  readonly status: "dead_lettered" | "undelivered" | "all";
};

/** The statuses of a list that a job's status stands for. */
const LISTED = {
  dead_lettered: ["dead_lettered"],
  undelivered: ["dead_lettered", "cancelled", "no_subscription"],
  all: ["dead_lettered", "cancelled", "no_subscription", "delivered"],
} as const;

/** The API does not try a job out: they are counted from its list, up to so many. */
const MAX_COUNTED = 1_000;
const MAX_SHOWN = 20;

/** Shows how many events a job would redeliver, and the newest of them; delivers nothing. */
export const wouldRedeliver = async (wanted: Wanted, context: CommandContext): Promise<void> => {
  const { terminal } = context;
  const found = await matching(wanted, context);
  const isMore = found.length > MAX_COUNTED;
  const events = found.slice(0, MAX_COUNTED);
  if (terminal.isJson) {
    for (const event of events) terminal.line(JSON.stringify(event));
  } else if (events.length > 0) {
    terminal.table(eventColumns(terminal), events.slice(0, MAX_SHOWN));
  }
  const count = isMore ? `more than ${MAX_COUNTED} events` : eventsOf(events.length);
  const shown =
    !terminal.isJson && events.length > MAX_SHOWN ? `; the newest ${MAX_SHOWN} are shown` : "";
  terminal.note(
    `It would redeliver ${count}, by the list of events as it is now${shown}. Nothing was delivered: --dry-run`,
  );
};

const namedSchema = listedEventSchema.extend({
  // A message that is no event has none of them.
  event_type: z.string().nullable(),
  call_id: z.string().nullable(),
  agent_id: z.string().nullable(),
});

const UNKNOWN = "(unknown)";

/** Shows the named events and what became of each so far; delivers nothing. */
export const wouldRedeliverNamed = async (
  eventIds: readonly string[],
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  const events: ListedEvent[] = [];
  for (const eventId of eventIds) {
    const path = eventPath(eventId);
    const { event_id, stored_at, status, ...of } = await client.call({ path, signal }, namedSchema);
    const { event_type, call_id, agent_id } = of;
    events.push({
      event_id,
      event_type: event_type ?? UNKNOWN,
      call_id: call_id ?? UNKNOWN,
      agent_id: agent_id ?? UNKNOWN,
      stored_at,
      status,
    });
  }
  if (terminal.isJson) for (const event of events) terminal.line(JSON.stringify(event));
  else terminal.table(eventColumns(terminal), events);
  terminal.note(`It would redeliver ${eventsOf(events.length)}. Nothing was delivered: --dry-run`);
};

const eventsOf = (count: number): string => (count === 1 ? "1 event" : `${count} events`);

/** The events that match, newest first: one more than are counted, where there are more. */
const matching = async (
  { agent_id, event_types, since, until, status }: Wanted,
  { client, interrupted: signal }: CommandContext,
): Promise<ListedEvent[]> => {
  const found: ListedEvent[] = [];
  for (const one of LISTED[status]) {
    for (const event_type of event_types ?? [undefined]) {
      const query = { agent_id, event_type, since, until, status: one };
      const wanted = { path: "/events", items: "events", schema: listedEventSchema };
      const limit = MAX_COUNTED + 1;
      for await (const event of pages(client, { ...wanted, query, limit, signal })) {
        // A job leaves out the events of people who tried an endpoint.
        if (event.trigger !== "test") found.push(event);
      }
    }
  }
  return found.toSorted((a, b) => b.stored_at.localeCompare(a.stored_at)).slice(0, MAX_COUNTED + 1);
};
