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
import { within } from "../process/concurrency.ts";
import { reconnectOrder } from "./reconnect-order.ts";
import { logRepeated } from "../telemetry/repeated.ts";
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

/** A connection to NATS and its clients. */
export type Nats = {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** False while the connection is down and the client tries to get it back. */
  readonly isConnected: () => boolean;
  /** Why no request makes sense now: there is no connection, or NATS does not reply on it. Otherwise undefined. */
  readonly problem: () => string | undefined;
  /** Connects to another server, as this one replies and is of no use. */
  readonly leave: (why: string) => void;
  /** Reads `max_payload` again: a message was larger than the known limit, which may be higher by now. */
  readonly refreshPayloadLimit: () => void;
};

/** The first version with all that Ringback uses: message schedules and their repair (ADR-51). */
const MIN_SERVER_VERSION = [2, 14] as const;

const API_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Connects, and waits as long as no server replies. Throws where waiting does not help: refused credentials, a server
 * that is too old, JetStream switched off. Afterwards the client reconnects without end; if it closes all the same,
 * `onClosed` is called.
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

/** Sends what is in the client's buffers, within two seconds, and closes; sends nothing when no server replies. */
export const closeNats = async ({ connection, problem }: Nats): Promise<void> => {
  const drained =
    problem() === undefined ? connection.drain().catch(() => undefined) : Promise.resolve();
  // Not awaited alone: the client's drain never ends when the connection closes meanwhile.
  await within(DRAIN_MS, drained, undefined);
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
  ignoreAuthErrorAbort: true, // refused credentials may be valid after their rotation
  ...reconnectOrder(),
  pingInterval: 20_000,
  timeout: CONNECT_TIMEOUT_MS,
  noAsyncTraces: true, // requests and publishes are noticeably faster without
});

const connectWhenThere = async (
  options: NodeConnectionOptions,
  log: Logger,
): Promise<NatsConnection> => {
  // Not by the client's waitOnFirstConnect, which waits for ever with refused credentials, too.
  for (let n = 0; ; n += 1) {
    try {
      return await connect(options);
    } catch (error) {
      if (isLogInRefused(error)) throw logInRefused(error);
      if (error instanceof errors.InvalidArgumentError) throw error;
      logRepeated(log, { err: error, tries: n + 1, servers: options.servers }, "nats.waiting");
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

/** The servers, the credentials, and the certificates that the server is checked against. */
const serversAndUser = (settings: NatsSettings, log: Logger) => {
  const { NATS_TLS_CA_FILE, NATS_TLS_CERT_FILE, NATS_TLS_KEY_FILE } = settings;
  const { servers, wantsTls } = serversIn(settings.NATS_URL);
  const tlsFile = NATS_TLS_CA_FILE ?? NATS_TLS_CERT_FILE ?? NATS_TLS_KEY_FILE;
  // The client reads these files itself for each connection, and would wait for ever for a missing one.
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
    // With `tls` the client refuses a server without TLS before it sends the credentials.
    ...(tlsFile !== undefined || wantsTls ? { tls } : {}),
  };
};

/** Throws when the server is too old or has no JetStream: older servers silently ignore options. */
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

/** A connection that this process closes ends without an error. */
const followClosing = async (
  connection: NatsConnection,
  onClosed: (error: Error) => void,
): Promise<void> => {
  const error = await connection.closed();
  if (error) onClosed(new Error(`the connection to NATS is closed: ${error.message}`));
};

const followStatus = (connection: NatsConnection, log: Logger): { readonly connected: boolean } => {
  const state = { connected: true };
  // nats-core 3.4 repeats "disconnect" for each refused log-in, and "reconnect" as often at the end.
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
      else if (status.type === "error") {
        logRepeated(log, { err: status.error }, "nats.error", { level: "error" });
      }
    }
  })();
  return state;
};
