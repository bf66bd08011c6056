import { z } from "zod";
import type { Column } from "./table.ts";
import type { Style, Terminal } from "./terminal.ts";

const STYLES: ReadonlyMap<string, Style> = new Map([
  ["delivered", "green"],
  ["dead_lettered", "red"],
  ["failed", "red"],
  ["retrying", "yellow"],
]);

/** An event of a list. */
export const listedEventSchema = z.looseObject({
  event_id: z.string(),
  event_type: z.string(),
  call_id: z.string(),
  agent_id: z.string(),
  stored_at: z.string(),
  status: z.string(),
  trigger: z.string().optional(),
});

export type ListedEvent = z.infer<typeof listedEventSchema>;

/** The columns that show an event in a list. */
export const eventColumns = ({ time, style }: Terminal): Column<ListedEvent>[] => [
  { heading: "STORED", cell: ({ stored_at }) => time(stored_at) },
  { heading: "EVENT", cell: ({ event_id }) => event_id },
  { heading: "TYPE", cell: ({ event_type }) => event_type },
  { heading: "AGENT", cell: ({ agent_id }) => agent_id, shrinks: true },
  { heading: "CALL", cell: ({ call_id }) => call_id, shrinks: true },
  {
    heading: "STATUS",
    cell: ({ status }) => status,
    paint: ({ status }, text) => paintStatus(status, text, style),
  },
];

/** A status in its colour. */
export const paintStatus = (status: string, text: string, style: Terminal["style"]): string => {
  const own = STYLES.get(status);
  return own === undefined ? text : style(own, text);
};
