import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "@nats-io/jetstream";
import { nanos } from "@nats-io/nats-core";
import {
  STREAM_MAX_AGE_MS,
  STREAM_SUBJECTS,
  STREAMS,
  type StreamName,
} from "@ringback/contracts/streams/subjects";
import type { Settings, commonSettings } from "../settings/settings.ts";
import type { Difference } from "./stream-management.ts";

export type StreamSettings = Pick<
  Settings<typeof commonSettings>,
  | "STREAM_REPLICAS"
  | "EVENTS_MAX_AGE"
  | "EVENTS_MAX_BYTES"
  | "SUBSCRIPTIONS_MAX_BYTES"
  | "ATTEMPTS_MAX_BYTES"
  | "DEAD_LETTERS_MAX_BYTES"
  | "ATTEMPTS_MAX_AGE"
  | "DEAD_LETTERS_MAX_AGE"
  | "AUDIT_MAX_AGE"
  | "AUDIT_MAX_BYTES"
>;

export type WantedStream = Partial<StreamConfig> & { readonly name: StreamName };

/** Explicit, so that a limit set by hand is noticed. */
const UNLIMITED = { max_age: 0, max_msgs: -1, max_msgs_per_subject: -1, max_bytes: -1 };

/** About 50 MB. The oldest of a subject make room. */
const MAX_AUDIT_ENTRIES_PER_SUBJECT = 100_000;

const DUPLICATE_WINDOW_MS = 10 * 60_000;

/** The configuration of every stream, to be requested from the server and compared with its reply. */
export const wantedStreams = (settings: StreamSettings): WantedStream[] => {
  const base = (name: StreamName) => ({
    name,
    subjects: [...STREAM_SUBJECTS[name]],
    storage: StorageType.File,
    num_replicas: settings.STREAM_REPLICAS,
    allow_direct: true,
    // A roll-up would delete others' messages; schedules need it (the server sets it).
    allow_rollup_hdrs: name === STREAMS.retries,
    duplicate_window: windowFor(name, settings),
    retention: name === STREAMS.retries ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
  });
  const { ATTEMPTS_MAX_AGE, ATTEMPTS_MAX_BYTES } = settings;
  const { DEAD_LETTERS_MAX_AGE, DEAD_LETTERS_MAX_BYTES } = settings;
  return [
    // State and audit trail: a full stream refuses new messages instead of losing old ones.
    {
      ...base(STREAMS.subscriptions),
      ...UNLIMITED,
      max_bytes: settings.SUBSCRIPTIONS_MAX_BYTES ?? -1,
      discard: DiscardPolicy.New,
    },
    {
      ...base(STREAMS.events),
      max_age: nanos(settings.EVENTS_MAX_AGE),
      max_bytes: settings.EVENTS_MAX_BYTES ?? -1,
      discard: DiscardPolicy.New, // a full stream pushes back instead of losing events
    },
    // No limits: with schedules they would delete retries silently (ADR-51).
    { ...base(STREAMS.retries), ...UNLIMITED, allow_msg_schedules: true },
    // Deliveries need these writes: a full stream deletes its oldest messages.
    { ...base(STREAMS.attempts), ...forgetting(ATTEMPTS_MAX_AGE, ATTEMPTS_MAX_BYTES) },
    { ...base(STREAMS.deadLetters), ...forgetting(DEAD_LETTERS_MAX_AGE, DEAD_LETTERS_MAX_BYTES) },
    { ...base(STREAMS.requests), ...lastOnly(STREAM_MAX_AGE_MS.REQUESTS) },
    // A lease is the last message of its subject, and expires with it.
    { ...base(STREAMS.leases), ...UNLIMITED, max_msgs_per_subject: 1, allow_msg_ttl: true },
    { ...base(STREAMS.operations), max_age: nanos(STREAM_MAX_AGE_MS.OPERATIONS) },
    { ...base(STREAMS.redeliveries), ...lastOnly(STREAM_MAX_AGE_MS.REDELIVERIES) },
    // A key is the last message of its subject; a session expires with its message.
    { ...base(STREAMS.access), ...UNLIMITED, max_msgs_per_subject: 1, allow_msg_ttl: true },
    // Each kind of entry of a workspace has a subject, and so its share.
    {
      ...base(STREAMS.audit),
      ...forgetting(settings.AUDIT_MAX_AGE, settings.AUDIT_MAX_BYTES),
      max_msgs_per_subject: MAX_AUDIT_ENTRIES_PER_SUBJECT,
    },
  ];
};

/**
 * Keeps the last message of each subject. No limit on all: one workspace would push out another's. The API
 * limits each workspace.
 */
const lastOnly = (maxAgeMs: number) => ({
  max_age: nanos(maxAgeMs),
  max_msgs: -1,
  max_msgs_per_subject: 1,
});

const forgetting = (maxAgeMs: number, maxBytes = -1) => ({
  max_age: nanos(maxAgeMs),
  max_bytes: maxBytes,
  discard: DiscardPolicy.Old,
});

/** The server refuses a duplicate window that is longer than the stream's age. */
const windowFor = (name: StreamName, settings: StreamSettings): number => {
  const ages: Partial<Record<StreamName, number>> = {
    [STREAMS.events]: settings.EVENTS_MAX_AGE,
    [STREAMS.attempts]: settings.ATTEMPTS_MAX_AGE,
    [STREAMS.deadLetters]: settings.DEAD_LETTERS_MAX_AGE,
    [STREAMS.audit]: settings.AUDIT_MAX_AGE,
  };
  return nanos(Math.min(DUPLICATE_WINDOW_MS, ages[name] ?? DUPLICATE_WINDOW_MS));
};

/** The options whose values on the server differ from the wanted ones. */
export const differences = (wanted: object, actual: object): Difference[] => {
  const found = new Map<string, unknown>(Object.entries(actual));
  return Object.entries(wanted)
    .map(([option, value]) => ({
      option,
      wanted: value as unknown,
      actual: found.get(option) ?? (value === false ? false : undefined), // servers leave out what is false
    }))
    .filter((option) => JSON.stringify(option.wanted) !== JSON.stringify(option.actual));
};
