import { hash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { LRUCache } from "lru-cache";

/** Workspaces and agents as the small numbers that rows have in their place. */
export type Ids = {
  /** The number; undefined: no message ever named it. */
  readonly workspace: (workspaceId: string) => number | undefined;
  readonly agent: (workspaceId: string, agentId: string) => number | undefined;
  /** The numbers; new ones where needed, so within a transaction. */
  readonly ensured: (
    workspaceId: string,
    agentId: string,
  ) => { readonly workspace: number; readonly agent: number };
  readonly agentName: (agent: number) => string;
  /** Forgets all, and so the numbers that a rolled-back transaction made. */
  readonly forget: () => void;
};

/** There may be very many agents: the cache keeps the most recently used. */
const MAX_CACHED = 50_000;

export const idsIn = (db: DatabaseSync): Ids => {
  const findWorkspace = db.prepare("SELECT id FROM workspaces WHERE name = ?");
  const addWorkspace = db.prepare("INSERT INTO workspaces (name) VALUES (?) RETURNING id");
  const findAgent = db.prepare("SELECT id FROM agents WHERE workspace = ? AND name = ?");
  const addAgent = db.prepare("INSERT INTO agents (workspace, name) VALUES (?, ?) RETURNING id");
  const nameOf = db.prepare("SELECT name FROM agents WHERE id = ?");
  const workspaces = new LRUCache<string, number>({ max: MAX_CACHED });
  const agents = new LRUCache<string, number>({ max: MAX_CACHED });
  const names = new LRUCache<number, string>({ max: MAX_CACHED });

  const workspace = (name: string): number | undefined =>
    workspaces.get(name) ?? kept(workspaces, name, idIn(findWorkspace.get(name)));
  const agentOf = (workspaceNumber: number, name: string): number | undefined => {
    const key = `${workspaceNumber}.${name}`;
    return agents.get(key) ?? kept(agents, key, idIn(findAgent.get(workspaceNumber, name)));
  };
  return {
    workspace,
    agent: (workspaceId, agentId) => {
      const number = workspace(workspaceId);
      return number === undefined ? undefined : agentOf(number, agentId);
    },
    ensured: (workspaceId, agentId) => {
      const number = workspace(workspaceId) ?? Number(idIn(addWorkspace.get(workspaceId)));
      const agent = agentOf(number, agentId) ?? Number(idIn(addAgent.get(number, agentId)));
      return { workspace: number, agent };
    },
    agentName: (agent) => {
      const name = names.get(agent) ?? kept(names, agent, textIn(nameOf.get(agent)));
      if (name === undefined) throw new Error(`agent ${agent} has no name in the projection`);
      return name;
    },
    forget: () => {
      workspaces.clear();
      agents.clear();
      names.clear();
    },
  };
};

const kept = <K extends {}, V extends {}>(
  cache: LRUCache<K, V>,
  key: K,
  value: V | undefined,
): V | undefined => {
  if (value !== undefined) cache.set(key, value);
  return value;
};

type Row = Readonly<Record<string, unknown>> | undefined;

const idIn = (row: Row): number | undefined => (row === undefined ? undefined : Number(row["id"]));

const textIn = (row: Row): string | undefined =>
  row === undefined ? undefined : String(row["name"]);

/**
 * A number for a call of a workspace, in 6 bytes. Two calls may share one (of ten million calls, a pair
 * does with a chance of one in five), so callers compare the call's id too.
 */
export const callHash = (workspaceId: string, callId: string): number =>
  numberOf(`${workspaceId}.${callId}`);

/** The same for an event's id, also of an earlier EVENTS stream. */
export const eventHash = (workspaceId: string, eventId: string): number =>
  numberOf(`${workspaceId}.${eventId}`);

/**
 * The same for an endpoint of a workspace; 0 stands for the agent's subscription. A workspace has a few dozen endpoints, so two
 * hardly share one.
 */
export const endpointHash = (workspaceId: string, endpointId: string | undefined): number =>
  endpointId === undefined ? 0 : numberOf(`${workspaceId}.${endpointId}`);

const numberOf = (name: string): number => hash("sha1", name, "buffer").readUIntBE(0, 6) - 2 ** 47;
