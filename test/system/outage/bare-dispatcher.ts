import type { NatsServer } from "../../harness/nats/nats-server.ts";
import {
  type ServiceProcess,
  spawnService,
  startService,
} from "../../harness/process/service-process.ts";

export const DISPATCHER = "services/dispatcher/src/main.ts";

type Environment = Readonly<Record<string, string>>;

const envFor = ({ url }: Pick<NatsServer, "url">, env: Environment): Environment => ({
  NATS_URL: url,
  ALLOW_INSECURE_HTTP: "true",
  ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
  ...env,
});

/** A dispatcher without the rest of the platform, ready. */
export const startDispatcher = (
  server: Pick<NatsServer, "url">,
  env: Environment = {},
): Promise<ServiceProcess> => startService({ entry: DISPATCHER, env: envFor(server, env) });

/** A dispatcher that nobody waits for. */
export const spawnDispatcher = (
  server: Pick<NatsServer, "url">,
  env: Environment = {},
): Promise<ServiceProcess> => spawnService({ entry: DISPATCHER, env: envFor(server, env) });
