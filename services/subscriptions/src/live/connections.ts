import type { IncomingHttpHeaders } from "node:http";
import { authenticate } from "../http/auth/authenticate.ts";
import { inWorkspace } from "../http/auth/choose-workspace.ts";
import type { Caller, Credentials } from "../http/auth/credential.ts";
import { isWithin, type Sight } from "../sight/decide/sight.ts";
import { liveConnection, type LiveConnection } from "./connection.ts";
import type { LivePosition, LiveStreams } from "./decide/position.ts";
import { workspacePermits } from "../http/workspace-permits.ts";

export type Admission =
  | { readonly kind: "admitted"; readonly connection: LiveConnection }
  | { readonly kind: "too_many_of_key" }
  | { readonly kind: "too_many_of_workspace" }
  | { readonly kind: "too_many" };

/** The open SSE connections of this process. */
export type LiveConnections = {
  /** Opens a connection for a caller, with the headers that prove who calls. */
  readonly admit: (
    caller: Caller,
    headers: IncomingHttpHeaders,
    from: LivePosition,
    streams: LiveStreams,
  ) => Admission;
  readonly count: () => number;
  /** Closes all connections and admits no more. */
  readonly stop: () => void;
};

export const MAX_PER_KEY = 10;
const MAX_CONNECTIONS = 500;
/** Fewer where few are left: see `workspacePermits`. */
export const MAX_PER_WORKSPACE = 50;

const CHECK_EVERY_MS = 1_000;

/** Proxies, and this service, close connections without a byte for 30 s. */
const CHECKS_PER_HEARTBEAT = 10;

type Subscriber = {
  readonly connection: LiveConnection;
  readonly caller: Caller;
  readonly headers: IncomingHttpHeaders;
};

/** Open SSE connections. Re-checks each connection's API key every second. */
export const liveConnections = (known: Credentials, now: () => Date): LiveConnections => {
  const subscribers = new Set<Subscriber>();
  const acquire = workspacePermits({ inAll: MAX_CONNECTIONS, perWorkspace: MAX_PER_WORKSPACE });
  let timer: NodeJS.Timeout | undefined;
  let checks = 0;
  let isStopped = false;
  const check = (): void => {
    checks += 1;
    for (const { connection, caller, headers } of subscribers) {
      if (!isStillValid(caller, headers, known, now())) connection.close("key_not_valid");
      else if (checks % CHECKS_PER_HEARTBEAT === 0) connection.heartbeat();
    }
  };
  const remove = (subscriber: Subscriber): void => {
    subscribers.delete(subscriber);
    if (subscribers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    count: () => subscribers.size,
    admit: (caller, headers, from, streams) => {
      if (isStopped || subscribers.size >= MAX_CONNECTIONS) return { kind: "too_many" };
      const ofKey = [...subscribers].filter((one) => one.caller.keyId === caller.keyId);
      if (ofKey.length >= MAX_PER_KEY) return { kind: "too_many_of_key" };
      const release = acquire(caller.workspaceId);
      if (release === undefined) return { kind: "too_many_of_workspace" };
      const connection = liveConnection(from, streams);
      const subscriber = { connection, caller, headers };
      subscribers.add(subscriber);
      connection.body.once("close", () => {
        release();
        remove(subscriber);
      });
      timer ??= setInterval(check, CHECK_EVERY_MS);
      return { kind: "admitted", connection };
    },
    stop: () => {
      isStopped = true;
      for (const { connection } of subscribers) connection.close("stopping");
    },
  };
};

/** False once the key was revoked, has expired, is another workspace's, is bound to other agents, or may do less. */
const isStillValid = (
  caller: Caller,
  headers: IncomingHttpHeaders,
  known: Credentials,
  now: Date,
): boolean => {
  const credential = authenticate(headers, known, now.getTime());
  const again = credential && inWorkspace(credential, headers, "one");
  if (again?.kind !== "caller" || !isSameSight(again.caller, caller)) return false;
  // The stream is made for these permissions: it shows payloads, or not.
  return [...caller.permissions].every((one) => again.caller.permissions.has(one));
};

const isSameSight = (a: Sight, b: Sight): boolean =>
  a.workspaceId === b.workspaceId &&
  a.agents?.size === b.agents?.size &&
  isWithin(a.agents, b.agents);
