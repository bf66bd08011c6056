/** One server-sent event. Clients see only events with data. */
export type SseEvent = {
  readonly id?: string;
  readonly event: string;
  /** Written as JSON, which has no line breaks. */
  readonly data: unknown;
  /** How long a client waits before it connects again. */
  readonly retryMs?: number;
};

/** An event as it is on the wire (WHATWG HTML, section 9.2). Ids and names are ours: one line each. */
export const sseFrame = ({ id, event, data, retryMs }: SseEvent): string => {
  const lines = [
    ...(retryMs === undefined ? [] : [`retry: ${retryMs}`]),
    ...(id === undefined ? [] : [`id: ${id}`]),
    `event: ${event}`,
    `data: ${JSON.stringify(data)}`,
  ];
  return `${lines.join("\n")}\n\n`;
};

/** Keeps the connection alive; clients do not see it. */
export const SSE_HEARTBEAT = ":\n\n";
