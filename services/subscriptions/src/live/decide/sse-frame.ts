/** One server-sent event. Readers hear only of those with data. */
export type SseEvent = {
  readonly id?: string;
  readonly event: string;
  /** Written as JSON, which has no line breaks. */
  readonly data: unknown;
  /** How long a reader waits before it connects again. */
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

/** Says that the connection lives; readers hear nothing of it. */
export const SSE_HEARTBEAT = ":\n\n";
