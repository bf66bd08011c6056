import { EVENT_FIELDS } from "@ringback/contracts/events/event-fields";
import { eventTypeLabel } from "@ringback/contracts/events/event-types";
import type { EventWarning } from "@ringback/contracts/events/event-warnings";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Metrics } from "@ringback/runtime/telemetry/metrics";
import { idsOf } from "../delivery/delivery.ts";

const LOG_EVERY_MS = 60_000;

/**
 * Counts warnings by type and field, and logs each pair once a minute, with the event that had it: a producer that writes
 * one field in its own way does so in every event. Only fields of the catalogue are warned of, so there are few pairs.
 */
export const eventWarningCounter = (metrics: Metrics, log: Logger) => {
  const counter = metrics.counter<"event_type" | "field">(
    "ringback_event_warnings_total",
    "Known fields of events with a value that readers do not expect; the event is delivered",
    { event_type: [], field: [] },
  );
  for (const [event_type, fields] of Object.entries(EVENT_FIELDS)) {
    for (const field of Object.keys(fields)) counter.inc({ event_type, field }, 0);
  }
  const loggedMs = new Map<string, number>();
  return (delivery: Parameters<typeof idsOf>[0], warnings: readonly EventWarning[]): void => {
    const { eventType } = delivery.address;
    for (const { path, message } of warnings) {
      const [field = path] = path.split(".");
      counter.inc({ event_type: eventTypeLabel(eventType), field });
      const nowMs = performance.now();
      const key = `${eventType} ${field}`;
      if (nowMs - (loggedMs.get(key) ?? -Infinity) < LOG_EVERY_MS) continue;
      loggedMs.set(key, nowMs);
      log.warn({ ...idsOf(delivery), path, problem: message }, "event.unexpected_value");
    }
  };
};
