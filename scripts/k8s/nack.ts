import { DISPATCHER_CONSUMER, DISPATCHER_FILTERS } from "@ringback/contracts/streams/subjects";
import { consumerConfig } from "@ringback/runtime/streams/consumers";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams, type WantedStream } from "@ringback/runtime/streams/stream-config";
import { stringify } from "yaml";

/** What the component sets for both services too, so that they expect what the controller makes. */
const NACK_SETTINGS = {
  STREAM_MANAGEMENT: "verify",
  STREAM_REPLICAS: "3",
  EVENTS_MAX_BYTES: "40GiB",
  SUBSCRIPTIONS_MAX_BYTES: "5GiB",
  ATTEMPTS_MAX_BYTES: "30GiB",
  DEAD_LETTERS_MAX_BYTES: "10GiB",
} as const;

type ConsumedStream = keyof typeof DISPATCHER_FILTERS;

const API_VERSION = "jetstream.nats.io/v1beta2";

const NS_PER_SECOND = 1_000_000_000;

/** As Go writes durations, and as NACK reads them; nothing where NATS has no limit. */
const goDuration = (ns: number): string => (ns === 0 ? "" : `${ns / NS_PER_SECOND}s`);

/** The custom resource of NACK that makes a stream as the services need it. */
const streamResource = (stream: WantedStream): object => ({
  apiVersion: API_VERSION,
  kind: "Stream",
  metadata: { name: `ringback-${stream.name.toLowerCase().replaceAll("_", "-")}` },
  spec: {
    name: stream.name,
    subjects: stream.subjects,
    storage: stream.storage,
    replicas: stream.num_replicas,
    retention: stream.retention,
    discard: stream.discard ?? "old",
    maxAge: goDuration(stream.max_age ?? 0),
    maxBytes: stream.max_bytes ?? -1,
    maxMsgs: stream.max_msgs ?? -1,
    maxMsgsPerSubject: stream.max_msgs_per_subject ?? -1,
    duplicateWindow: goDuration(stream.duplicate_window ?? 0),
    allowDirect: stream.allow_direct ?? false,
    allowRollup: stream.allow_rollup_hdrs ?? false,
    allowMsgSchedules: stream.allow_msg_schedules ?? false,
    allowMsgTtl: stream.allow_msg_ttl ?? false,
    // Who deletes the resource does not thereby delete every event that is owed.
    preventDelete: true,
  },
});

/** The custom resource of NACK that makes the dispatcher's consumer on a stream. */
const consumerResource = (stream: ConsumedStream): object => {
  const filter = DISPATCHER_FILTERS[stream];
  const config = consumerConfig({ name: DISPATCHER_CONSUMER, filter });
  return {
    apiVersion: API_VERSION,
    kind: "Consumer",
    metadata: { name: `ringback-${stream.toLowerCase()}-${DISPATCHER_CONSUMER}` },
    spec: {
      streamName: stream,
      durableName: config.durable_name,
      filterSubject: config.filter_subject,
      deliverPolicy: "all",
      ackPolicy: config.ack_policy,
      ackWait: goDuration(config.ack_wait ?? 0),
      maxDeliver: config.max_deliver,
      maxAckPending: config.max_ack_pending,
      preventDelete: true,
    },
  };
};

/** Every stream and consumer as custom resources, as the services with these settings need them. */
export const nackResources = (environment: Readonly<Record<string, string>>): object[] => [
  ...wantedStreams(parseSettings(commonSettings, environment)).map(streamResource),
  ...(Object.keys(DISPATCHER_FILTERS) as ConsumedStream[]).map(consumerResource),
];

/** The text of deploy/k8s/components/nack/resources.yaml. */
export const nackYaml = (): string =>
  `# Made by \`make k8s\` of what the services ask NATS for; a test compares them.\n${nackResources(
    NACK_SETTINGS,
  )
    .map((resource) => stringify(resource))
    .join("---\n")}`;
