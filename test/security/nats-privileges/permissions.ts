import { readFileSync } from "node:fs";
import { CONFIG_FILE, type Role } from "./secured-nats.ts";

/** What a user may publish to and subscribe to. */
export interface Subjects {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** The allow lists of a role as the shipped configuration has them. */
export function allowedTo(role: Role): Subjects {
  const text = readFileSync(CONFIG_FILE, "utf8").replaceAll(/^\s*#.*$/gm, "");
  const user = text.split(`${role.toUpperCase()}_MAY: {`)[1]?.split(/_MAY: \{/)[0] ?? "";
  const listed = (kind: string): string[] => {
    const list = new RegExp(`${kind}: \\{ allow: \\[([^\\]]*)\\]`).exec(user)?.[1] ?? "";
    return [...list.matchAll(/"([^"]+)"/g)].map(([, subject = ""]) => subject);
  };
  const subjects = { publish: listed("publish"), subscribe: listed("subscribe") };
  if (subjects.publish.length === 0 || subjects.subscribe.length === 0) {
    throw new Error(`${CONFIG_FILE}: no allow lists of user '${role}', expected both`);
  }
  return subjects;
}

/** What the connections with this name published and subscribed to, by the server's trace. */
export function usedBy(connectionName: string, log: string): Subjects {
  const ids = connectionsNamed(connectionName, log);
  const used = { publish: new Set<string>(), subscribe: new Set<string>() };
  // A restarted server counts connections from the beginning: its process id tells them apart.
  for (const [, pid, cid, operation, subject = ""] of log.matchAll(
    /^\[(\d+)\] .* - cid:(\d+) - .*<<- \[(H?PUB|SUB) (\S+) /gm,
  )) {
    if (!ids.has(`${pid} ${cid}`)) continue;
    used[operation === "SUB" ? "subscribe" : "publish"].add(subject);
  }
  return { publish: [...used.publish], subscribe: [...used.subscribe] };
}

function connectionsNamed(name: string, log: string): Set<string> {
  const connects = log.matchAll(/^\[(\d+)\] .* - cid:(\d+) - .*<<- \[CONNECT (\{.*\})\]$/gm);
  return new Set(
    [...connects]
      .filter(([, , , json = "{}"]) => (JSON.parse(json) as { name?: string }).name === name)
      .map(([, pid, cid]) => `${pid} ${cid}`),
  );
}

/** Whether a subject falls under a pattern with `*` and `>`. */
function covers(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const tokens = subject.split(".");
  const end = wanted.indexOf(">");
  if (end === -1 ? tokens.length !== wanted.length : tokens.length <= end) return false;
  return wanted
    .slice(0, end === -1 ? undefined : end)
    .every((token, n) => token === "*" || token === tokens[n]);
}

/** The patterns that none of these subjects falls under: permissions that nobody needed. */
export function unused(patterns: readonly string[], subjects: readonly string[]): string[] {
  return patterns.filter((pattern) => !subjects.some((subject) => covers(pattern, subject)));
}
