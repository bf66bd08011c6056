import type { Behaviour, Script } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { exportedSpans, type ExportedSpan } from "./exported-spans.ts";

/** A collector of traces: takes OTLP over HTTP, and keeps what it got. */
export interface Collector extends Pick<Receiver, "requests" | "stop" | "setScript"> {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  /** All spans so far. */
  spans(): ExportedSpan[];
  /** Waits for at least `n` spans that the predicate accepts, and gives them in the order of arrival. */
  arrived(
    n: number,
    isMeant: (span: ExportedSpan) => boolean,
    what: string,
  ): Promise<[ExportedSpan, ...ExportedSpan[]]>;
}

export async function startCollector(script?: Behaviour | Script): Promise<Collector> {
  const receiver = await startReceiver(script);
  const spans = (): ExportedSpan[] =>
    receiver.requestsTo("/v1/traces").flatMap(({ body }) => exportedSpans(body));
  return {
    requests: receiver.requests,
    stop: () => receiver.stop(),
    setScript: (next) => receiver.setScript(next),
    url: receiver.url(""),
    spans,
    arrived: (n, isMeant, what) =>
      eventually(
        () => {
          const found = spans().filter(isMeant);
          if (found.length >= n) return found as [ExportedSpan, ...ExportedSpan[]];
          throw new Error(
            `${found.length} of ${n}, among ${spans()
              .map(({ name }) => name)
              .join()}`,
          );
        },
        { what: `${n} spans: ${what}` },
      ),
  };
}

/** What lets services send their spans to it, soon. */
export const tracingTo = ({ url }: Pick<Collector, "url">): Record<string, string> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_BSP_SCHEDULE_DELAY: "50",
});
