import { setTimeout as pause } from "node:timers/promises";
import { freePorts } from "../../harness/free-ports.ts";
import {
  type Platform,
  type PlatformOptions,
  startPlatform,
} from "../../harness/process/platform.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";

/** What Prometheus scrapes of a scene: it stays a target while nobody answers, until the scene takes it away. */
interface Target {
  readonly component: string;
  readonly host: string;
}

/** Services of one installation with a failure that can be made and mended. */
export interface Scene {
  /** The label `namespace`. */
  readonly name: string;
  readonly targets: () => readonly Target[];
  readonly fail: () => Promise<void>;
  readonly mend: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export const hostOf = (service: ServiceProcess): string => new URL(service.adminUrl()).host;

/** Calls something again and again until it is stopped; what fails is what the scene is about. */
export const again = (everyMs: number, act: (n: number) => unknown): (() => Promise<void>) => {
  const stopping = new AbortController();
  const running = (async () => {
    for (let n = 0; !stopping.signal.aborted; n += 1) {
      await Promise.resolve(act(n)).catch(() => undefined);
      await pause(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return () => {
    stopping.abort();
    return running;
  };
};

export interface Installation extends Platform {
  readonly targets: Target[];
  /** A dispatcher on a port that it gets again when it starts again. */
  readonly dispatcherAt: (
    port: number,
    env?: Readonly<Record<string, string>>,
  ) => Promise<ServiceProcess>;
  /** Starts what runs until the scene ends. */
  readonly keep: (everyMs: number, act: (n: number) => unknown) => () => Promise<void>;
  readonly ports: readonly number[];
}

/** NATS, an API, and as many dispatchers as are asked for, each on a port of its own. */
export const startInstallation = async (
  options: PlatformOptions & { readonly dispatchersAt?: number } = {},
): Promise<Installation> => {
  const count = options.dispatchersAt ?? 1;
  const [platform, ports] = await Promise.all([
    startPlatform({ ...options, dispatchers: 0 }),
    freePorts(8),
  ]);
  const stops: (() => Promise<void>)[] = [];
  const at = (port: number, env = {}): Promise<ServiceProcess> =>
    platform.startDispatcher({ ADMIN_PORT: String(port), ...env });
  const started = await Promise.all(ports.slice(0, count).map((port) => at(port)));
  platform.dispatchers.push(...started); // in the order of their ports
  const targets: Target[] = [
    { component: "subscriptions", host: hostOf(platform.subscriptions) },
    ...started.map((service) => ({ component: "dispatcher", host: hostOf(service) })),
  ];
  return {
    ...platform,
    targets,
    ports,
    dispatcherAt: async (port, env) => {
      const service = await at(port, env);
      platform.dispatchers.push(service);
      return service;
    },
    keep: (everyMs, act) => {
      const stop = again(everyMs, act);
      stops.push(stop);
      return stop;
    },
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()));
      await platform.stop();
    },
  };
};

/** The whole of a scene whose failure needs nothing else; `mend` is left out where stopping is enough. */
export const sceneOf = (
  name: string,
  installation: Installation,
  {
    fail,
    mend = () => Promise.resolve(),
  }: {
    readonly fail: () => Promise<void>;
    readonly mend?: () => Promise<void>;
  },
): Scene => ({
  name,
  targets: () => installation.targets,
  fail,
  mend,
  stop: () => installation.stop(),
});
