import {
  jetstream,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
} from "@nats-io/jetstream";
import { errors } from "@nats-io/nats-core";
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";
import { watchConnection } from "./silent-connection.ts";
import { backoffMs, pause } from "../process/backoff.ts";
import { reconnectOrder } from "./reconnect-order.ts";
import type { Logger } from "../telemetry/logger.ts";
import { payloadLimit } from "./payload-limit.ts";
import { credentialsOf, readNamed, serversIn } from "./credentials.ts";
import type { Settings, commonSettings } from "../settings/settings.ts";

export type NatsSettings = Pick<
  Settings<typeof commonSettings>,
  | "NATS_URL"
  | "NATS_URL_FILE"
  | "NATS_CREDS_FILE"
  | "NATS_TLS_CA_FILE"
  | "NATS_TLS_CERT_FILE"
  | "NATS_TLS_KEY_FILE"
  | "NATS_INBOX_PREFIX"
>;

/** A connection to NATS and what is done over it. */
export type Nats = {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** False while the connection is down and the client tries to get it back. */
  readonly isConnected: () => boolean;
  /** Why nothing can be asked of NATS now: there is no connection, or nothing answers on it. */
  readonly problem: () => string | undefined;
  /** Goes to another server, as nothing can be done by this one though it answers. */
  readonly leave: (why: string) => void;
  /** Something was too large by the `max_payload` that is known: it may have been raised since. */
  readonly refreshPayloadLimit: () => void;
};

/** The oldest server that has all that Ringback uses (message schedules and their repair, ADR-51). */
const MIN_SERVER_VERSION = [2, 14] as const;

const API_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Connects, waiting for as long as no server answers; throws for what waiting does not mend:
 * refused credentials, a server that is too old, JetStream switched off. Once connected it tries for ever
 * to stay so; `onClosed` is told where the client gave up all the same.
 */
export const connectNats = async (
  settings: NatsSettings,
  name: string,
  log: Logger,
  onClosed: (error: Error) => void = () => undefined,
): Promise<Nats> => {
  const options = connectionOptions(settings, name, log);
  const connection = await connectWhenThere(options, log);
  try {
    checkServer(connection.info?.version ?? "unknown", connection.info?.jetstream === true);
    // Without the client's own check: it fails during a leader election, though JetStream is on.
    const jsm = await jetstreamManager(connection, { timeout: API_TIMEOUT_MS, checkAPI: false });
    const js = jetstream(connection, { timeout: API_TIMEOUT_MS });
    const state = followStatus(connection, log);
    void followClosing(connection, onClosed);
    const isConnected = (): boolean => state.connected && !connection.isClosed();
    const watch = watchConnection(connection, isConnected, log);
    const problem = (): string | undefined => {
      if (!isConnected()) return "not connected to NATS";
      return watch.silentForMs() === undefined ? undefined : "NATS does not answer";
    };
    const refreshPayloadLimit = payloadLimit(connection, options);
    return { connection, js, jsm, isConnected, problem, leave: watch.leave, refreshPayloadLimit };
  } catch (error) {
    await connection.close();
    throw error;
  }
};

const DRAIN_MS = 2_000;

/** Sends what is still in the client's buffers, and closes; gives up on it where no server answers. */
export const closeNats = async ({ connection, problem }: Nats): Promise<void> => {
  const drained =
    problem() === undefined ? connection.drain().catch(() => undefined) : Promise.resolve();
  // The client's drain never ends when the connection is closed meanwhile: it is not waited for then.
  await Promise.race([drained, pause(DRAIN_MS)]);
  await connection.close();
};

const connectionOptions = (
  settings: NatsSettings,
  name: string,
  log: Logger,
): NodeConnectionOptions => ({
  ...serversAndUser(settings, log),
  name,
  inboxPrefix: settings.NATS_INBOX_PREFIX,
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true, // what is refused now may be let in after the rotation
  ...reconnectOrder(),
  pingInterval: 20_000,
  timeout: CONNECT_TIMEOUT_MS,
  noAsyncTraces: true, // requests and publishes are noticeably faster without
});

const connectWhenThere = async (
  options: NodeConnectionOptions,
  log: Logger,
): Promise<NatsConnection> => {
  // Not the client's waitOnFirstConnect: it waits for ever with refused credentials, too.
  for (let n = 0; ; n += 1) {
    try {
      return await connect(options);
    } catch (error) {
      if (isLogInRefused(error)) throw logInRefused(error);
      if (error instanceof errors.InvalidArgumentError) throw error;
      log.warn({ err: error, tries: n + 1, servers: options.servers }, "nats.waiting");
      await pause(backoffMs(n));
    }
  }
};

const isLogInRefused = (error: unknown): error is Error =>
  error instanceof errors.AuthorizationError ||
  error instanceof errors.UserAuthenticationExpiredError;

const logInRefused = (cause: Error): Error =>
  new Error(
    `NATS refuses the log-in: ${cause.message}. ` +
      "See NATS_URL, NATS_URL_FILE or NATS_CREDS_FILE for the user and its password",
    { cause },
  );

/** Where to connect to, as whom, and how the server has to prove itself. */
const serversAndUser = (settings: NatsSettings, log: Logger) => {
  const { NATS_TLS_CA_FILE, NATS_TLS_CERT_FILE, NATS_TLS_KEY_FILE } = settings;
  const { servers, wantsTls } = serversIn(settings.NATS_URL);
  const tlsFile = NATS_TLS_CA_FILE ?? NATS_TLS_CERT_FILE ?? NATS_TLS_KEY_FILE;
  // The client reads these itself, on every connection, and would wait for ever for a missing one.
  for (const name of ["NATS_TLS_CA_FILE", "NATS_TLS_CERT_FILE", "NATS_TLS_KEY_FILE"] as const) {
    if (settings[name] !== undefined) readNamed(name, settings[name]);
  }
  const tls = {
    caFile: NATS_TLS_CA_FILE,
    certFile: NATS_TLS_CERT_FILE,
    keyFile: NATS_TLS_KEY_FILE,
  };
  const authenticator = credentialsOf(settings, log);
  return {
    servers: [...servers],
    ...(authenticator === undefined ? {} : { authenticator }),
    // With it the client refuses a server without TLS before it says who it is.
    ...(tlsFile !== undefined || wantsTls ? { tls } : {}),
  };
};

/** Throws when the server cannot do what is needed; older ones ignore options without a word. */
const checkServer = (version: string, hasJetStream: boolean): void => {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const [minMajor, minMinor] = MIN_SERVER_VERSION;
  if (major < minMajor || (major === minMajor && minor < minMinor)) {
    throw new Error(
      `nats-server ${version} is too old: ${minMajor}.${minMinor} or newer is needed ` +
        "(it delivers scheduled messages)",
    );
  }
  if (!hasJetStream) {
    throw new Error(
      "JetStream is switched off on this nats-server: start it with -js or jetstream {}",
    );
  }
};

/** Closed by ourselves it ends without an error. */
const followClosing = async (
  connection: NatsConnection,
  onClosed: (error: Error) => void,
): Promise<void> => {
  const error = await connection.closed();
  if (error) onClosed(new Error(`the connection to NATS is closed: ${error.message}`));
};

const followStatus = (connection: NatsConnection, log: Logger): { readonly connected: boolean } => {
  const state = { connected: true };
  // nats-core 3.4 tells "disconnect" again for each log-in that is refused, and "reconnect" as often at the end.
  const change = (connected: boolean, server?: string): void => {
    if (state.connected === connected) return;
    state.connected = connected;
    if (connected) log.info({ server }, "nats.connected");
    else log.warn({ server }, "nats.disconnected");
  };
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === "disconnect") change(false, status.server);
      else if (status.type === "staleConnection") change(false, connection.getServer());
      else if (status.type === "reconnect") change(true, status.server);
      else if (status.type === "error") log.error({ err: status.error }, "nats.error");
    }
  })();
  return state;
};
