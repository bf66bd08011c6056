import { Buffer } from "node:buffer";
import { randomUUIDv7 } from "node:crypto";
import {
  redeliveryJobSchema,
  storedRedeliveryJob,
  type RedeliveryJob,
} from "@ringback/contracts/deliveries/redelivery-job";
import { redeliverySubject, STREAMS, token } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { Publication, Published } from "@ringback/runtime/nats/publish";
import { lastMessage, publish, streamState } from "../../streams/read-stream.ts";

/** A job and the sequence of its message. */
export type StoredJob = { readonly job: RedeliveryJob; readonly seq: number };

/** Redelivery jobs on REDELIVERIES, read from the stream's leader; throws as `AgentStore` does. */
export type JobStore = {
  readonly read: (workspaceId: string, redeliveryId: string) => Promise<StoredJob | undefined>;
  /** Stores a new job unless any of its workspace's jobs was stored after `lastSeq`. */
  readonly add: (job: RedeliveryJob, lastSeq: number) => Promise<Published>;
  /** The sequence of the workspace's last message; 0: there is none. */
  readonly lastSeqIn: (workspaceId: string) => Promise<number>;
  /** Stores the progress of a job unless another message came after `lastSeq`. */
  readonly append: (job: RedeliveryJob, lastSeq: number) => Promise<Published>;
  /** The sequence of the stream's last message. */
  readonly lastSeq: () => Promise<number>;
};

/** Every job of a workspace. */
const redeliveriesOfWorkspace = (workspaceId: string): string =>
  `redeliveries.${token(workspaceId)}.*`;

export const jobStore = (nats: Nats): JobStore => ({
  read: async (workspaceId, redeliveryId) => {
    const subject = redeliverySubject(workspaceId, redeliveryId);
    const message = await lastMessage(nats, STREAMS.redeliveries, subject);
    return message === null ? undefined : { job: jobIn(message.data), seq: message.seq };
  },
  add: (job, lastSeq) => {
    const expectedLastOf = redeliveriesOfWorkspace(job.workspace_id);
    return publish(nats, { ...publicationOf(job, lastSeq), expectedLastOf });
  },
  lastSeqIn: async (workspaceId) => {
    const subjects = redeliveriesOfWorkspace(workspaceId);
    return (await lastMessage(nats, STREAMS.redeliveries, subjects))?.seq ?? 0;
  },
  append: (job, lastSeq) => publish(nats, publicationOf(job, lastSeq)),
  lastSeq: async () => (await streamState(nats, STREAMS.redeliveries)).last_seq,
});

const publicationOf = (job: RedeliveryJob, lastSeq: number): Publication => ({
  stream: STREAMS.redeliveries,
  subject: redeliverySubject(job.workspace_id, job.redelivery_id),
  body: JSON.stringify(storedRedeliveryJob(job)),
  messageId: randomUUIDv7(),
  expectedLastSeq: lastSeq,
});

/** The job in a message; throws where there is none. */
export const jobIn = (data: Uint8Array): RedeliveryJob =>
  redeliveryJobSchema.parse(JSON.parse(Buffer.from(data).toString("utf8")));
