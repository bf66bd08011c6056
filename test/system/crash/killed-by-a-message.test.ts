import { afterAll, beforeAll, expect, test } from "vitest";
import { status, type Script } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { settled } from "../../harness/settled.ts";

failOnLeaks();

const INNOCENT = 20;
/** As often a message is handed out and kills whoever reads it, and then no more. */
const DEATHS = 3;

let platform: Platform;
let receiver: Receiver;

/** What is in flight when the process dies is answered only when all is over. */
const hanging: Script = ({ path }) =>
  path === "/poison-later" ? status(500) : { kind: "late_status", status: 200, afterMs: 60_000 };

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEntry: "test/system/crash/dispatcher-killed-by-a-message.ts",
      dispatcherEnv: { RETRY_DELAYS: "500ms", RETRY_JITTER: "0" },
    }),
    startReceiver(hanging),
  ]);
  for (const path of ["innocent", "poison", "poison-later"]) {
    const url = receiver.url(`/${path}`);
    await platform.subscribe([{ event_type: "call_completed", callback_url: url }], {
      agentId: path,
    });
  }
}, 60_000);

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** Does what `ack_wait` would do later: what the dead dispatcher had is handed out again. */
const handOutAgain = async (stream: "EVENTS" | "RETRIES"): Promise<void> => {
  const { client } = platform;
  const { delivered, ack_floor } = await client.jsm.consumers.info(stream, "dispatcher");
  for (let seq = ack_floor.stream_seq + 1; seq <= delivered.stream_seq; seq += 1) {
    const reply = `$JS.ACK.${stream}.dispatcher.1.${seq}.${delivered.consumer_seq}.1.0`;
    client.nc.publish(reply, "-NAK");
  }
  await client.nc.flush();
};

/** Lets each dispatcher in turn die of the message, until one lives. */
const dieAgainAndAgain = async (stream: "EVENTS" | "RETRIES"): Promise<void> => {
  for (let n = 0; n < DEATHS; n += 1) {
    const { signal } = await platform.dispatchers[0]!.exited;
    expect(signal).toBe("SIGKILL");
    await handOutAgain(stream);
    platform.dispatchers[0] = await platform.startDispatcher();
  }
};

test("an event that kills whoever reads it is set aside with its bytes, and no other event is", async () => {
  const innocent = await Promise.all(
    Array.from({ length: INNOCENT }, (_, n) =>
      platform.publish({ callId: `c-${n}`, agentId: "innocent" }),
    ),
  );
  await eventually(() => expect(receiver.requestsTo("/innocent")).toHaveLength(INNOCENT));
  const poison = await platform.publish({ callId: "poison", agentId: "poison" });
  await dieAgainAndAgain("EVENTS");
  await eventually(async () => expect(await platform.deadLetters()).toHaveLength(1));
  const [letter] = await platform.deadLetters();
  expect(letter).toMatchObject({
    reason: "internal",
    event_seq: poison.seq,
    call_id: "poison",
    workspace_id: "w1",
    truncated: false,
  });
  const { data } = (await platform.client.jsm.streams.getMessage("EVENTS", { seq: poison.seq }))!;
  expect(letter?.["raw"]).toBe(Buffer.from(data).toString("base64"));

  receiver.setScript(status(200));
  const [living] = platform.dispatchers;
  await living!.kill();
  await handOutAgain("EVENTS");
  platform.dispatchers[0] = await platform.startDispatcher();
  await settled(platform.client, { timeoutMs: 40_000 });
  for (const event of innocent) expect(await platform.attemptsOf(event)).toHaveLength(1);
  expect(await platform.deadLetters()).toHaveLength(1);
}, 120_000);

test("a retry that kills whoever reads it is set aside as well", async () => {
  receiver.setScript(hanging);
  await platform.publish({ callId: "poison-later", agentId: "poison-later" });
  await dieAgainAndAgain("RETRIES");
  await settled(platform.client, { timeoutMs: 40_000 });
  const letter = (await platform.deadLetters()).at(-1);
  expect(letter).toMatchObject({
    reason: "internal",
    workspace_id: "w1",
    agent_id: "poison-later",
  });
  expect(Buffer.from(String(letter?.["raw"]), "base64").toString()).toContain(
    "Ringback-Attempt: 2",
  );
}, 120_000);
