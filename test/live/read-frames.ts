import type { Readable } from "node:stream";
import { createParser } from "eventsource-parser";

export interface Frame {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: unknown;
}

/** The server-sent events of a body, which grow as they come; the first one is `ready`. */
export function readFrames(body: Readable): readonly Frame[] {
  const frames: Frame[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      frames.push({ id, event, data: JSON.parse(data) as unknown });
    },
  });
  body.setEncoding("utf8").on("data", (text: string) => parser.feed(text));
  return frames;
}
