import { writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { writeHeaderKeys, headerKey } from "../../harness/header-keys.ts";
import { startServices } from "../../harness/process/platform.ts";
import { spawnService } from "../../harness/process/service-process.ts";
import { startNatsServer } from "../../harness/nats/nats-server.ts";
import { writeTempFile } from "../../harness/temp-dir.ts";
import { freePorts } from "../../harness/free-ports.ts";
import { byPath, status } from "../../harness/receiver/behaviour.ts";
import { startReceiver } from "../../harness/receiver/receiver.ts";
import { hostOf, type Scene, sceneOf, startInstallation } from "./scene.ts";

const HOUR_MS = 3_600_000;

/** NATS away: every process loses it, the API answers 503, and the audit cannot be written. */
export const natsAway = async (): Promise<Scene> => {
  const at = await startInstallation();
  at.keep(500, () => at.api("GET", "/agent/v1/a1"));
  at.keep(2_000, (n) =>
    at.api("PATCH", "/agent/v1", {
      operation: "edit_event_subscriptions",
      agent_id: `a${n}`,
      event_subscriptions: [],
    }),
  );
  return sceneOf("nats-away", at, {
    fail: () => at.server.kill(),
    mend: () => at.server.restart(),
  });
};

/** Consumers that somebody paused: dispatchers are ready, and get nothing. And nobody may read EVENTS for lists any more. */
export const paused = async (): Promise<Scene> => {
  const users = await writeTempFile("users.conf", usersWho());
  const [at, receiver] = await Promise.all([
    startInstallation({
      nats: { extraConfig: `include "../${basename(dirname(users))}/users.conf"` },
    }),
    startReceiver(byPath({ "/fails": status(500) })),
  ]);
  const allow = async (text: string): Promise<void> => {
    await writeFile(users, text);
    process.kill(at.server.pid, "SIGHUP");
  };
  await at.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/x") },
    { event_type: "recording_completed", callback_url: receiver.url("/fails") },
  ]);
  at.keep(300, (n) => at.publish({ callId: `c${n}` }));
  const pauseUntil = async (ms: number): Promise<void> => {
    for (const stream of ["EVENTS", "RETRIES"])
      await at.client.jsm.consumers.pause(stream, "dispatcher", new Date(Date.now() + ms));
  };
  return {
    ...sceneOf("paused", at, {
      fail: async () => {
        const retried = await at.publish({ callId: "r", eventType: "recording_completed" });
        await at.attempted(retried, 1);
        await pauseUntil(HOUR_MS);
        await allow(
          usersWho("$JS.API.CONSUMER.CREATE.EVENTS.>", "$JS.API.CONSUMER.MSG.NEXT.EVENTS.>"),
        );
        await pause(1_000);
        for (let n = 0; n < 1_200; n += 1) await at.publish({ callId: `burst${n}` });
      },
      mend: async () => {
        await allow(usersWho());
        await pauseUntil(-1_000);
      },
    }),
    stop: async () => {
      await at.stop();
      await receiver.stop();
    },
  };
};

/** The one user that everybody is, and what it may not publish. */
const usersWho = (...deny: readonly string[]): string =>
  `no_auth_user: all\nauthorization { users = ${JSON.stringify([
    { user: "all", password: "all", permissions: { publish: { allow: [">"], deny } } },
  ])} }\n`;

/** Every process killed; mended by new ones on the same NATS. */
export const allKilled = async (): Promise<Scene> => {
  const at = await startInstallation();
  return sceneOf("all-killed", at, {
    fail: async () => {
      await Promise.all([at.subscriptions, ...at.dispatchers].map((service) => service.kill()));
    },
    mend: async () => {
      const fresh = await startServices(at.server);
      at.targets.splice(0, at.targets.length, {
        component: "subscriptions",
        host: hostOf(fresh.subscriptions),
      });
      for (const one of fresh.dispatchers)
        at.targets.push({ component: "dispatcher", host: hostOf(one) });
    },
  });
};

/** An installation that somebody takes away, its targets included. */
export const takenAway = async (): Promise<Scene> => {
  const at = await startInstallation();
  return sceneOf("taken-away", at, {
    fail: async () => {
      await Promise.all([at.subscriptions, ...at.dispatchers].map((service) => service.stop()));
      at.targets.length = 0;
    },
  });
};

/** A dispatcher that may only verify, on a NATS without streams; mended by one that makes them. */
export const noStreams = async (): Promise<Scene> => {
  const server = await startNatsServer();
  const [port = 0] = await freePorts(1);
  const start = (STREAM_MANAGEMENT: string) =>
    spawnService({
      entry: "services/dispatcher/src/main.ts",
      env: { NATS_URL: server.url, ADMIN_PORT: String(port), STREAM_MANAGEMENT },
    });
  let service: Awaited<ReturnType<typeof start>> | undefined;
  return {
    name: "no-streams",
    targets: () =>
      service === undefined ? [] : [{ component: "dispatcher", host: `127.0.0.1:${port}` }],
    fail: async () => {
      service = await start("verify");
    },
    mend: async () => {
      await service?.kill();
      service = await start("manage");
    },
    stop: async () => {
      await service?.kill();
      await server.stop();
    },
  };
};

/** A dispatcher that has not the key of the stored headers. */
export const withoutKey = async (): Promise<Scene> => {
  const [at, receiver] = await Promise.all([startInstallation(), startReceiver()]);
  await at.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/k"), headers: { a: "secret" } },
  ]);
  at.keep(500, (n) => at.publish({ callId: `c${n}` }));
  const other = await writeHeaderKeys([headerKey("k9")]);
  const restart = async (env: Readonly<Record<string, string>>): Promise<void> => {
    await at.dispatchers.at(-1)?.kill();
    await at.dispatcherAt(at.ports[0] ?? 0, env);
  };
  return {
    ...sceneOf("keys", at, {
      fail: () => restart({ HEADER_ENCRYPTION_KEYS_FILE: other }),
      mend: () => restart({}),
    }),
    stop: async () => {
      await at.stop();
      await receiver.stop();
    },
  };
};
