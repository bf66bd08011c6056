import type { ConsumerInfo, StreamInfo } from "@nats-io/jetstream";
import { millis } from "@nats-io/nats-core";
import { z } from "zod";
import type { Api } from "../../http/api.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { problemResponses } from "../../http/problem.ts";
import type { OperatorsDeps } from "../operators-deps.ts";
import type { StreamReport } from "../streams-report.ts";
import { STREAMS_EXAMPLES } from "./operator-examples.ts";

const timeOrNull = z.string().nullable();
const limit = z.int().nullable();

const consumerSchema = z.object({
  name: z.string(),
  filters: z.array(z.string()).meta({ description: "The subjects that it takes." }),
  pending: z.int().meta({ description: "Messages that it has not delivered yet." }),
  ack_pending: z.int().meta({ description: "Delivered, and not acknowledged yet." }),
  redelivered: z.int().meta({ description: "Of those, delivered more than once." }),
  acknowledged_up_to: z.int().meta({ description: "All messages up to this sequence." }),
});

const followerSchema = z.object({
  name: z.string(),
  is_current: z.boolean(),
  is_offline: z.boolean(),
  lag: z.int().meta({ description: "Operations that it is behind." }),
});

const stateSchema = z.object({
  messages: z.int(),
  bytes: z.int(),
  subjects: z.int().nullable(),
  max_bytes: limit.meta({ description: "null: no limit." }),
  max_age_seconds: limit.meta({ description: "null: kept for ever." }),
  max_messages_per_subject: limit,
  when_full: z.enum(["drop_oldest", "refuse"]),
  first_seq: z.int(),
  first_at: timeOrNull.meta({ description: "null: it is empty." }),
  last_seq: z.int(),
  last_at: timeOrNull,
  created_at: z.string(),
  replicas: z.int(),
  leader: z
    .string()
    .nullable()
    .meta({ description: "The server that leads it; null: none does now." }),
  followers: z.array(followerSchema),
  consumers: z.array(consumerSchema).meta({ description: "Those with a durable name." }),
  readers: z.int().meta({
    description: "Consumers without a durable name, each of an instance that reads the stream.",
  }),
});

const responseSchema = z
  .object({
    streams: z.array(
      z.object({
        name: z.string(),
        state: stateSchema.nullable().meta({ description: "null: there is no such stream." }),
      }),
    ),
  })
  .meta({ "x-examples": STREAMS_EXAMPLES });

/** `GET /streams`: what NATS holds, for operators. */
export const listStreamsRoute = (api: Api, { readStreams }: OperatorsDeps): void => {
  api.get(
    "/streams",
    {
      config: { permission: "read", operator: true },
      schema: {
        operationId: "listStreams",
        summary: "List the streams",
        description:
          "Every stream of Ringback on NATS: how much it holds, its limits, its replicas and its consumers.",
        tags: ["Operators"],
        querystring: noQuerySchema,
        response: { 200: responseSchema, ...problemResponses },
      },
    },
    async () => ({ streams: (await readStreams()).map(streamResponse) }),
  );
};

/** A stream for an operator; exported for the test of what a cluster replies. */
export const streamResponse = ({ name, info, consumers }: StreamReport) => ({
  name,
  state: info === undefined ? null : stateResponse(info, consumers),
});

const stateResponse = (
  { config, state, created, cluster }: StreamInfo,
  consumers: readonly ConsumerInfo[],
): z.infer<typeof stateSchema> => {
  const isEmpty = state.messages === 0;
  const durable = consumers.filter((one) => one.config.durable_name !== undefined);
  return {
    messages: state.messages,
    bytes: state.bytes,
    subjects: state.num_subjects ?? null,
    max_bytes: limitOf(config.max_bytes),
    max_age_seconds: limitOf(Math.round(millis(config.max_age) / 1_000)),
    max_messages_per_subject: limitOf(config.max_msgs_per_subject),
    when_full: config.discard === "new" ? "refuse" : "drop_oldest",
    first_seq: state.first_seq,
    first_at: isEmpty ? null : timeOf(state.first_ts),
    last_seq: state.last_seq,
    last_at: state.last_seq === 0 ? null : timeOf(state.last_ts),
    created_at: timeOf(created),
    replicas: config.num_replicas,
    leader: cluster?.leader ?? null,
    followers: (cluster?.replicas ?? []).map(followerResponse),
    consumers: durable.map(consumerResponse),
    readers: consumers.length - durable.length,
  };
};

/** Servers leave out what is false or 0. */
type Follower = { readonly name: string; readonly current: boolean } & {
  readonly offline?: boolean;
  readonly lag?: number;
};

const followerResponse = ({ name, current, offline = false, lag = 0 }: Follower) => ({
  name,
  is_current: current,
  is_offline: offline,
  lag,
});

const consumerResponse = (info: ConsumerInfo): z.infer<typeof consumerSchema> => {
  const { filter_subject: one, filter_subjects: several = [] } = info.config;
  return {
    name: info.name,
    filters: one === undefined ? [...several] : [one],
    pending: info.num_pending,
    ack_pending: info.num_ack_pending,
    redelivered: info.num_redelivered,
    acknowledged_up_to: info.ack_floor.stream_seq,
  };
};

/** Servers say -1 or 0 where there is none. */
const limitOf = (value: number): number | null => (value > 0 ? value : null);

/** Servers write nanoseconds. */
const timeOf = (text: string): string => new Date(text).toISOString();
