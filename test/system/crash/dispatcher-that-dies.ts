import { once } from "node:events";
import { writeSync } from "node:fs";
import type { InFlightMessage } from "../../../services/dispatcher/src/settle/in-flight.ts";
import { runDispatcher } from "../../../services/dispatcher/src/run.ts";
import { CRASH_PLAN, STOPPED, type CrashPlan, type CrashPoint } from "./crash-point.ts";

const WAIT_AT_MOST_MS = 60_000;

const { stops, deed } = JSON.parse(process.env[CRASH_PLAN] ?? "null") as CrashPlan;
const passed = new Set<string>();
const released = once(process, "SIGCONT");

const stop = async (callId: string, attempt: number, point: CrashPoint): Promise<void> => {
  const wanted = stops.find((s) => s.callId === callId);
  if (wanted?.attempt !== attempt || wanted.point !== point || passed.has(callId)) return;
  passed.add(callId);
  if (deed.kind === "kill") {
    process.kill(deed.pid, "SIGKILL");
    if (deed.andItself) process.kill(process.pid, "SIGKILL");
  }
  writeSync(1, `${JSON.stringify({ msg: STOPPED, call_id: callId, attempt, point })}\n`);
  if (deed.kind !== "wait") return;
  const timer = setTimeout(() => process.exit(3), WAIT_AT_MOST_MS);
  await released;
  clearTimeout(timer);
};

const callIn = (body: Uint8Array): string =>
  String((JSON.parse(new TextDecoder().decode(body)) as { call_id?: unknown }).call_id);

const workOf = ({ message }: InFlightMessage) => ({
  callId: message.headers?.get("Ringback-Call-Id") || (message.subject.split(".")[2] ?? ""),
  attempt: Number(message.headers?.get("Ringback-Attempt") || 1),
});

await runDispatcher({
  wrapSteps: (steps) => ({
    send: async (request) => {
      const callId = callIn(request.body as Uint8Array); // small ones are sent as they are
      const attempt = Number(request.headers["ringback-attempt"]);
      await stop(callId, attempt, "before the request");
      const sent = await steps.send(request);
      await stop(callId, attempt, "after the answer");
      return sent;
    },
    appendAttempt: async (record, deliveryId, after) => {
      const appended = await steps.appendAttempt(record, deliveryId, after);
      await stop(record.call_id, record.attempt, "after the attempt record");
      return appended;
    },
    storeNextStep: async (record, deliveryId) => {
      const stored = await steps.storeNextStep(record, deliveryId);
      await stop(record.call_id, record.attempt, "after the next step");
      return stored;
    },
    publishInvalid: steps.publishInvalid,
    acknowledge: (inFlight) => {
      const { callId, attempt } = workOf(inFlight);
      void stop(callId, attempt, "before the acknowledgement").then(() =>
        steps.acknowledge(inFlight),
      );
    },
  }),
});
