import { request, type IncomingMessage } from "node:http";
import { createParser } from "eventsource-parser";
import { eventually } from "../harness/eventually.ts";
import { trackOpen } from "../harness/process/open-resources.ts";

/** One server-sent event as it came, its data parsed. */
interface Heard {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface SseClient {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Everything that was told so far. */
  readonly heard: readonly Heard[];
  /** The bodies of what was told under this name. */
  named(event: string): Readonly<Record<string, unknown>>[];
  /** Waits for so many under this name. */
  hears(n: number, event: string): Promise<Readonly<Record<string, unknown>>[]>;
  /** The id that came last: where to go on. */
  lastId(): string | undefined;
  /** Reads no more, so that the sender's buffers fill up; and goes on. */
  pause(): void;
  resume(): void;
  /** True once the sender has ended the answer. */
  hasEnded(): boolean;
  close(): void;
}

/** Opens `GET /stream` of a service as a customer would. */
export async function listenTo(
  url: string,
  key: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<SseClient> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = request(url, { headers: { "x-api-key": key, ...headers }, agent: false }, resolve);
  asked.on("error", reject);
  asked.end();
  const closed = trackOpen(`stream of ${url}`, () => asked.destroy());
  const answer = await promise;
  const heard: Heard[] = [];
  let hasEnded = false;
  let lastId: string | undefined;
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      lastId = id ?? lastId;
      heard.push({ id, event, data: JSON.parse(data) as Record<string, unknown> });
    },
  });
  answer.setEncoding("utf8");
  answer.on("data", (text: string) => parser.feed(text));
  answer.on("end", () => {
    hasEnded = true;
  });
  answer.on("error", () => undefined); // it is closed from here, or cut off
  const named = (event: string) => heard.flatMap((one) => (one.event === event ? [one.data] : []));
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    heard,
    named,
    hears: (n, event) =>
      eventually(
        () => {
          if (named(event).length < n) throw new Error(`${named(event).length} of ${n} '${event}'`);
          return named(event);
        },
        { what: `${n} '${event}'`, timeoutMs: 20_000 },
      ),
    lastId: () => lastId,
    pause: () => answer.pause(),
    resume: () => answer.resume(),
    hasEnded: () => hasEnded,
    close: () => {
      asked.destroy();
      closed();
    },
  };
}
