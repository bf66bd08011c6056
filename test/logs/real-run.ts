import { headers } from "@nats-io/transport-node";
import { DiscardPolicy } from "@nats-io/jetstream";
import { eventMessage } from "@ringback/contracts/events/event";
import { readingNoteSubject } from "@ringback/contracts/streams/lease-subjects";
import { scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { eventually } from "../harness/eventually.ts";
import type { LogLine } from "../harness/process/output-lines.ts";
import type { Platform } from "../harness/process/platform.ts";
import type { ServiceProcess } from "../harness/process/service-process.ts";

export const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

const traced = () => {
  const given = headers();
  given.set("traceparent", `00-${TRACE_ID}-00f067aa0ba902b7-01`);
  return given;
};

/** Publishes an event that a producer traces; gives its sequence. */
export const publish = async (
  { client }: Platform,
  agentId: string,
  eventType = "call_completed",
): Promise<number> => {
  const address = { workspaceId: "w1", callId: `c-${agentId}`, agentId, eventType };
  const { subject, body } = eventMessage({
    ...address,
    body: { event_type: eventType, call_id: address.callId },
  });
  return (await client.js.publish(subject, body, { headers: traced() })).seq;
};

export const logged = (
  services: readonly ServiceProcess[],
  msg: string,
  isMeant: (line: LogLine) => boolean = () => true,
): Promise<LogLine> =>
  eventually(
    () =>
      services.flatMap(({ logs }) => logs).find((one) => one["msg"] === msg && isMeant(one)) ??
      null,
    { what: `a line ${msg}`, timeoutMs: 30_000 },
  );

/** A message of EVENTS whose subject names a workspace and no more. */
export const publishUnreadableEvent = ({ client }: Platform): Promise<unknown> =>
  client.js.publish("events.w1.short", "{", { headers: traced() });

/** A message of RETRIES that nobody can read. */
export const publishUnreadableRetry = ({ client }: Platform): Promise<unknown> =>
  client.js.publish("retries.due.w1.broken.7", "", { headers: traced() });

/** Takes away the schedule of a delivery that failed, as a fault of the server would. */
export const loseRetry = async ({ client }: Platform, agentId: string, seq: number) => {
  const filter = scheduledRetrySubject({ workspaceId: "w1", agentId }, String(seq));
  const schedule = { last_by_subj: filter };
  await eventually(() => client.jsm.streams.getMessage("RETRIES", schedule), {
    what: `the retry of ${agentId} is scheduled`,
  });
  await client.jsm.streams.purge("RETRIES", { filter });
};

/** While no dispatcher runs: messages that were handed out, and that two of them are said to have died of. */
export const publishKillers = async (platform: Platform): Promise<void> => {
  const { client } = platform;
  await publish(platform, "killer");
  const retry = "retries.due.w1.killer.1-again";
  await client.js.publish(retry, "", { headers: traced() });
  for (const stream of ["EVENTS", "RETRIES"]) {
    const consumer = await client.js.consumers.get(stream, "dispatcher");
    const message = await consumer.next({ expires: 10_000 });
    if (message === null) throw new Error(`${stream} has no message`);
    message.nak();
    for (const who of ["one", "two"]) {
      await client.js.publish(readingNoteSubject(`${who}-${stream}`), `${stream} ${message.seq}`);
    }
  }
};

/**
 * What no reader understands, on a subject of each stream that is kept in memory or in the index; as the last attempt
 * of an event, too, which was attempted once.
 */
export const publishGarbage = async ({ client }: Platform, seq: number): Promise<void> => {
  for (const subject of [
    "subscriptions.w1.garbled",
    "subscriptions.w1._endpoint.ep_aaaaaaaaaaaaaaaa",
    "subscriptions.w1._event_type.garbled",
    "access.w1.key.garbled",
    "redeliveries.w1.garbled",
    `attempts.w1.c-wrong.wrong.call_completed.${seq}`,
    "dead_letters.w1.c1.garbled.call_completed",
  ]) {
    await client.js.publish(subject, "{");
  }
};

/** EVENTS takes nothing more. */
export const fillEvents = async ({ client }: Platform): Promise<void> => {
  const { config } = await client.jsm.streams.info("EVENTS");
  await client.jsm.streams.update("EVENTS", {
    ...config,
    max_bytes: 1,
    discard: DiscardPolicy.New,
  });
};
