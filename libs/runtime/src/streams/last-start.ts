import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { z } from "zod";
import { isForbidden } from "../nats/errors.ts";
import type { WantedStream } from "./stream-config.ts";

/** Metadata on one stream: by process, a digest of what it wanted of the streams at its last start; the latest last. */
const STARTED = "ringback-started";

const startedSchema = z.array(z.tuple([z.string(), z.string()]));

type Started = z.infer<typeof startedSchema>;

/** A process that was started before so many others counts as a new one. */
const MAX_PROCESSES = 100;

/** A process over its restarts: the service, and the pod or machine that it runs on. */
export const processName = (service: string): string =>
  `${service}@${process.env["POD_NAME"] ?? hostname()}`;

/** Short, as it stands for each process in the metadata. */
export const digestOf = (wanted: readonly WantedStream[]): string =>
  createHash("sha256").update(JSON.stringify(wanted)).digest("hex").slice(0, 16);

/** Whether a process wants what it wanted at its last start; it did not start before when nothing is noted. */
export const isAsBefore = (info: StreamInfo | undefined, name: string, digest: string): boolean =>
  startedOn(info).some(([process, before]) => process === name && before === digest);

/** Notes what a process wants, for its next start. Without the permission it stays unknown. */
export const noteStart = async (
  jsm: JetStreamManager,
  stream: StreamName,
  [name, digest]: readonly [name: string, digest: string],
): Promise<void> => {
  const info = await jsm.streams.info(stream);
  const others = startedOn(info).filter(([process]) => process !== name);
  const next = [...others, [name, digest]].slice(-MAX_PROCESSES);
  const metadata = { ...info.config.metadata, [STARTED]: JSON.stringify(next) };
  try {
    await jsm.streams.update(stream, { ...info.config, metadata });
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
};

const startedOn = (info: StreamInfo | undefined): Started => {
  try {
    return startedSchema.parse(JSON.parse(info?.config.metadata?.[STARTED] ?? "[]"));
  } catch {
    return [];
  }
};
