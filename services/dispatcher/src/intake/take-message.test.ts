import { eventSubject } from "@ringback/contracts/streams/subjects";
import { dueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { expect, test } from "vitest";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import { keptLog } from "../../../../test/harness/kept-log.ts";
import {
  handlerDeps,
  messageInFlight,
  streamsInMemory,
} from "../../../../test/harness/streams-in-memory.ts";
import { inFlightRegistry } from "../settle/in-flight.ts";
import { takeEvent, takeRetry } from "./take-message.ts";

/** As long ago as a process stands still before the server hands its messages to another one. */
const LONG_AGO_MS = 60_000;

const IDS = { workspace_id: ADDRESS.workspaceId, agent_id: ADDRESS.agentId, event_id: "evt_7" };

const lockFor = () => ({ acquire: async () => "innocent" as const, release: () => undefined });

test.each([
  ["an event", takeEvent, eventSubject(ADDRESS), { ...IDS, event_seq: 7 }],
  ["a retry", takeRetry, dueRetrySubject(ADDRESS, "7-again"), { ...IDS, delivery_id: "7-again" }],
])("%s that another process may have is left alone, and the log says whose it is", (...row) => {
  const [, take, subject, ids] = row;
  const { log, lines } = keptLog("info");
  const { inFlight, replies } = messageInFlight(subject);
  const registry = inFlightRegistry(
    4,
    () => 4,
    async () => true,
  );
  const incoming = {
    message: inFlight.message,
    mayBeHandled: false,
    pulledMs: elapsedMs() - LONG_AGO_MS,
  };
  take(incoming, { deps: { ...handlerDeps(streamsInMemory()), log }, lockFor, registry });
  registry.close();
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { msg: "delivery.left_alone", ...ids },
  ]);
  expect(replies).toEqual([]);
});
