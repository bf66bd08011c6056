import { Buffer } from "node:buffer";
import { randomUUIDv7 } from "node:crypto";
import { redeliveryJobSchema, type RedeliveryJob } from "@ringback/contracts/redelivery-job";
import { redeliverySubject, STREAMS } from "@ringback/contracts/subjects";
import type { Nats } from "@ringback/runtime/nats";
import { publishOnce, readLast, type Published } from "@ringback/runtime/publish";
import { asked } from "./asking.ts";

/** A job and the sequence of the message that says so. */
export type StoredJob = { readonly job: RedeliveryJob; readonly seq: number };

/** Redelivery jobs on REDELIVERIES, asked of the stream's leader; throws as `AgentStore` does. */
export type JobStore = {
  readonly read: (workspaceId: string, redeliveryId: string) => Promise<StoredJob | undefined>;
  /** Notes how far a job is unless something else came after `lastSeq`; 0: unless it is there. */
  readonly append: (job: RedeliveryJob, lastSeq: number) => Promise<Published>;
  /** The sequence of the stream's last message: all that was noted so far. */
  readonly lastSeq: () => Promise<number>;
};

export const jobStore = (nats: Nats): JobStore => ({
  read: async (workspaceId, redeliveryId) => {
    const subject = redeliverySubject(workspaceId, redeliveryId);
    const message = await asked(nats, `reading ${subject}`, () =>
      readLast(nats, STREAMS.redeliveries, subject),
    );
    return message === null ? undefined : { job: jobIn(message.data), seq: message.seq };
  },
  append: (job, lastSeq) => {
    const subject = redeliverySubject(job.workspace_id, job.redelivery_id);
    const publication = {
      stream: STREAMS.redeliveries,
      subject,
      body: JSON.stringify(job),
      messageId: randomUUIDv7(),
      expectedLastSeq: lastSeq,
    };
    return asked(nats, `appending to ${subject}`, () => publishOnce(nats, publication));
  },
  lastSeq: async () => {
    const info = await asked(nats, `asking for ${STREAMS.redeliveries}`, () =>
      nats.jsm.streams.info(STREAMS.redeliveries),
    );
    return info.state.last_seq;
  },
});

/** The job in a message; throws where there is none. */
export const jobIn = (data: Uint8Array): RedeliveryJob =>
  redeliveryJobSchema.parse(JSON.parse(Buffer.from(data).toString("utf8")));
