import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { startReceiver } from "../../harness/receiver/receiver.ts";
import { hostOf, type Scene, startInstallation } from "./scene.ts";

const ROLLOUT_EVERY_MS = 60_000;

const none = (): Promise<void> => Promise.resolve();

/** Two dispatchers under load that are replaced one after the other, again and again: nothing is to fire. */
export const calm = async (): Promise<Scene> => {
  const [at, receiver] = await Promise.all([
    startInstallation({ dispatchersAt: 2 }),
    startReceiver(),
  ]);
  await at.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/x") }]);
  at.keep(200, (n) => at.publish({ callId: `c${n}` }));
  at.keep(1_000, () => at.api("GET", "/agent/v1/a1"));
  at.keep(ROLLOUT_EVERY_MS, async (n) => {
    if (n === 0) return; // the first ones have just started
    const fresh = await at.startDispatcher();
    at.dispatchers.push(fresh);
    at.targets.push({ component: "dispatcher", host: hostOf(fresh) });
    const old = at.dispatchers.shift();
    await old?.stop();
    at.targets.splice(1, 1);
  });
  return {
    name: "calm",
    targets: () => at.targets,
    fail: none,
    mend: none,
    stop: async () => {
      await at.stop();
      await receiver.stop();
    },
  };
};

/** What jobs and exporters of others write: a page with a backup's time, and a server's storage. */
export const others = async (): Promise<Scene> => {
  let isBroken = false;
  const server = createServer((_request, response) => {
    const at = Date.now() / 1_000 - (isBroken ? 30 : 1) * 3_600;
    response.setHeader("content-type", "text/plain");
    response.end(
      `ringback_backup_last_success_timestamp_seconds ${at}\n` +
        `gnatsd_varz_jetstream_stats_storage{server_id="n1"} ${isBroken ? 90 : 10}\n` +
        'gnatsd_varz_jetstream_config_max_storage{server_id="n1"} 100\n',
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const set = (broken: boolean) => (): Promise<void> => {
    isBroken = broken;
    return Promise.resolve();
  };
  return {
    name: "others",
    targets: () => [{ component: "others", host }],
    fail: set(true),
    mend: set(false),
    stop: async () => {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
};
