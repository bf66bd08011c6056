import type { AttemptRecord, Outcome } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { eventId } from "@ringback/contracts/events/event";
import {
  attemptSubject,
  deadLetterSubject,
  eventSubject,
  STREAMS,
  type EventAddress,
} from "@ringback/contracts/streams/subjects";
import { headers as newHeaders } from "@nats-io/nats-core";
import { createLogger, type Logger } from "@ringback/runtime/telemetry/logger";
import { connectNats, type Nats } from "@ringback/runtime/nats/connection";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { originIn, type StreamOrigins } from "@ringback/contracts/streams/stream-origin";
import {
  openProjection,
  type OpenProjection,
} from "../../services/subscriptions/src/projection/open-projection.ts";
import { SOURCES } from "../../services/subscriptions/src/projection/database-generation.ts";
import { PROJECTED_STREAMS } from "../../services/subscriptions/src/projection/file/positions.ts";
import { eventually } from "../harness/eventually.ts";
import { ADDRESS, attemptRecord, eventFields } from "../harness/fixtures/records.ts";
import { trackOpen } from "../harness/process/open-resources.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";

export interface StoredEvent {
  readonly seq: number;
  readonly address: EventAddress;
}

/** What an attempt came to, and when: what is left out is filled in. */
export interface AttemptInput {
  readonly outcome?: Outcome;
  readonly next?: AttemptRecord["next"];
  readonly attempt?: number;
  readonly atMs?: number;
  readonly durationMs?: number;
  readonly trigger?: AttemptRecord["trigger"];
  readonly deliveryId?: string;
  readonly redeliveryId?: string;
}

type OwnProjection = OpenProjection & {
  /** Resolves once everything is applied that is stored by now. */
  readonly caughtUp: () => Promise<void>;
};

interface ProjectOptions {
  readonly folder?: string;
  readonly maxBytes?: number;
  readonly log?: Logger;
}

/** A nats-server with all streams, what services would store there, and projections of it. */
export interface Streams {
  readonly server: NatsServer;
  readonly nats: Nats;
  origins: StreamOrigins;
  /** Stores an event like a producer; call c1 of agent a1 of w1 unless named. */
  event(address?: Partial<EventAddress>, trigger?: "test"): Promise<StoredEvent>;
  /** Stores an attempt's record like a dispatcher. */
  attempt(event: StoredEvent, input?: AttemptInput): Promise<number>;
  letter(event: StoredEvent, reason: "exhausted" | "event_expired", atMs?: number): Promise<void>;
  /** Opens a projection in this folder, by default a new one; it is stopped by `stop`, if not before. */
  project(options?: ProjectOptions): Promise<OwnProjection>;
  /** Makes the streams that are missing: they are other ones then, unless they are said to be of an earlier time. */
  makeAgain(origins?: StreamOrigins): Promise<void>;
  stop(): Promise<void>;
}

export const FAILED: Outcome = { kind: "failed", reason: "status", status_code: 500 };

const settings = parseSettings(commonSettings, {});

export async function startStreams(): Promise<Streams> {
  const server = await startNatsServer();
  const log = createLogger("test", "fatal");
  const nats = await connectNats({ ...settings, NATS_URL: server.url }, "test-projection", log);
  const signal = new AbortController().signal;
  const projections: OwnProjection[] = [];
  const make = () =>
    ensureStreams(nats.jsm, wantedStreams(settings), {
      log,
      signal,
      management: "manage",
      recreate: ["EVENTS"],
    });
  const store = async (subject: string, json: object, trigger?: string): Promise<number> => {
    const headers = newHeaders();
    if (trigger !== undefined) headers.set("Ringback-Trigger", trigger);
    return (await nats.js.publish(subject, JSON.stringify(json), { headers })).seq;
  };
  const scene: Streams = {
    server,
    nats,
    origins: await make(),
    makeAgain: async (origins) => {
      const made = await make();
      scene.origins = origins ?? made;
    },
    event: async (named = {}, trigger) => {
      const address = { ...ADDRESS, ...named };
      const seq = await store(eventSubject(address), { call_id: address.callId }, trigger);
      return { seq, address };
    },
    attempt: (event, input = {}) => {
      const record = recordOf(event, scene.origins, input);
      const deliveryId = input.deliveryId ?? String(event.seq);
      return store(attemptSubject(event.address, deliveryId), record);
    },
    letter: async (event, reason, atMs = Date.now()) => {
      await store(deadLetterSubject(event.address), {
        reason,
        ...fieldsOf(event, scene.origins),
        at: new Date(atMs).toISOString(),
        message: `given up: ${reason}`,
      } satisfies DeadLetter);
    },
    project: async ({ folder, maxBytes, log: own = log } = {}) => {
      const projection = await openProjection({
        nats,
        origins: scene.origins,
        folder: folder ?? (await makeTempDir("projection")),
        maxBytes,
        attemptsMaxAgeMs: settings.ATTEMPTS_MAX_AGE,
        now: Date.now,
        onStreamLost: () => undefined,
        onFatal: () => undefined,
        log: own,
      });
      const closed = trackOpen("projection", projection.stop);
      const stop = async (): Promise<void> => {
        await projection.stop();
        closed();
      };
      const caughtUp = async (): Promise<void> => {
        for (const stream of PROJECTED_STREAMS) {
          const { last_seq } = (await nats.jsm.streams.info(SOURCES[stream].stream)).state;
          const what = `${stream} are applied up to ${last_seq}`;
          await eventually(() => projection.appliedUpTo(stream) >= last_seq, { what });
        }
      };
      const tracked = { ...projection, stop, caughtUp };
      projections.push(tracked);
      return tracked;
    },
    stop: async () => {
      await Promise.all(projections.map((projection) => projection.stop()));
      await nats.connection.close();
      await server.stop();
    },
  };
  return scene;
}

const fieldsOf = ({ seq, address }: StoredEvent, origins: StreamOrigins) =>
  eventFields({ id: eventId(originIn(origins, STREAMS.events), seq), seq, address });

export const recordOf = (
  event: StoredEvent,
  origins: StreamOrigins,
  input: AttemptInput,
): AttemptRecord => {
  const { atMs = Date.now(), durationMs = 12, deliveryId, redeliveryId, ...rest } = input;
  return attemptRecord({
    ...fieldsOf(event, origins),
    at: new Date(atMs).toISOString(),
    duration_ms: durationMs,
    request: { method: "POST", url: "https://hooks.example.com/calls" },
    response: { body_excerpt: `answer to ${event.seq}` },
    ...(deliveryId === undefined ? {} : { delivery_id: deliveryId }),
    ...(redeliveryId === undefined ? {} : { redelivery_id: redeliveryId }),
    ...rest,
  });
};
