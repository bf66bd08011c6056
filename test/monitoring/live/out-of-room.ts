import type { StreamConfig } from "@nats-io/jetstream";
import { eventually } from "../../harness/eventually.ts";
import { byPath, status } from "../../harness/receiver/behaviour.ts";
import { startReceiver } from "../../harness/receiver/receiver.ts";
import { type Installation, type Scene, sceneOf, startInstallation } from "./scene.ts";

const INDEX_BYTES = 6 * 1024 ** 2;
const AT_ONCE = 300;

/** An index near its limit, RETRIES without room, and a collector of traces that is away. */
export const outOfRoom = async (): Promise<Scene> => {
  const [at, receiver] = await Promise.all([
    startInstallation({
      env: { PROJECTION_MAX_BYTES: String(INDEX_BYTES) },
      dispatcherEnv: { RETRY_DELAYS: "20s,20s,20s,20s" },
    }),
    startReceiver(byPath({ "/fails": status(500) })),
  ]);
  await at.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/x") },
    { event_type: "recording_completed", callback_url: receiver.url("/fails") },
  ]);
  at.keep(500, (n) => at.publish({ callId: `c${n}` }));
  at.keep(2_000, (n) => at.publish({ callId: `r${n}`, eventType: "recording_completed" }));
  const mends: (() => unknown)[] = [];
  return {
    ...sceneOf("out-of-room", at, {
      fail: async () => {
        mends.push(await refusing(at, "RETRIES", { max_msg_size: 1 }));
        await traceToNobody(at, true);
        await fillIndex(at);
      },
      mend: async () => {
        for (const mend of mends) await mend();
        await traceToNobody(at, false);
        await Promise.all(["EVENTS", "ATTEMPTS"].map((name) => at.client.jsm.streams.purge(name)));
      },
    }),
    stop: async () => {
      await at.stop();
      await receiver.stop();
    },
  };
};

/** Events that nobody takes away fill a stream with a limit. */
export const filling = async (): Promise<Scene> => {
  const at = await startInstallation({ env: { EVENTS_MAX_BYTES: "30MiB" } });
  const padding = "x".repeat(20_000);
  let isFilling = false;
  // From a third to the limit in some eight minutes.
  at.keep(480, (n) =>
    isFilling
      ? at.publish({
          callId: `f${n}`,
          body: { event_type: "call_completed", call_id: `f${n}`, padding },
        })
      : undefined,
  );
  return sceneOf("filling", at, {
    fail: async () => {
      for (let n = 0; n < 500; n += 1)
        await at.publish({
          callId: `p${n}`,
          body: { event_type: "call_completed", call_id: `p${n}`, padding },
        });
      isFilling = true;
    },
    mend: async () => {
      isFilling = false;
      await at.client.jsm.streams.purge("EVENTS");
    },
  });
};

/** A stream gets limits by which it refuses what is written, as it does when its server has no room. Call what it gives to end that. */
export const refusing = async (
  { client: { jsm } }: Installation,
  name: string,
  limits: Partial<StreamConfig>,
): Promise<() => Promise<unknown>> => {
  const { config } = await jsm.streams.info(name);
  await jsm.streams.update(name, { ...config, ...limits });
  return () => jsm.streams.update(name, config);
};

/** Its dispatcher starts again, with traces for a collector that is away, or without any. */
const traceToNobody = async (at: Installation, isTraced: boolean): Promise<void> => {
  await at.dispatchers.at(-1)?.kill();
  const OTEL_SDK_DISABLED = String(!isTraced);
  const OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:9";
  await at.dispatcherAt(at.ports[0] ?? 0, { OTEL_SDK_DISABLED, OTEL_EXPORTER_OTLP_ENDPOINT });
};

/** Events of nobody's agents, until the index is above what its alert asks for and below where it drops rows. */
const fillIndex = (at: Installation): Promise<unknown> => {
  let n = 0;
  return eventually(
    async () => {
      if ((await shareOfIndex(at)) >= 0.83) return true;
      const ids = Array.from({ length: AT_ONCE }, () => `fill${(n += 1)}`);
      await Promise.all(ids.map((callId) => at.publish({ callId, agentId: "nobodys" })));
      return false;
    },
    { timeoutMs: 180_000, intervalMs: 100, what: "the index is nearly full" },
  );
};

const shareOfIndex = async ({ subscriptions }: Installation): Promise<number> => {
  const page = await (await fetch(`${subscriptions.adminUrl()}/metrics`)).text();
  return Number(/^ringback_projection_bytes (\S+)$/m.exec(page)?.[1] ?? 0) / INDEX_BYTES;
};
