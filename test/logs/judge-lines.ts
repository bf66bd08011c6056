import type { LogLine } from "../harness/process/output-lines.ts";

/** Ids that mean nothing without their workspace: two workspaces may have the same. */
const OF_A_WORKSPACE = [
  "agent_id",
  "call_id",
  "event_id",
  "delivery_id",
  "endpoint_id",
  "redelivery_id",
];

const CAMEL_CASE_ID = /^[a-z]+(?:Id|Ids|Seq|Type|Uid)$/;

type Fields = Readonly<Record<string, unknown>>;

/** The line itself and each object in it, with the path to it; an error's own fields are not ours to name. */
function* objectsIn(fields: Fields, path = ""): Generator<{ path: string; fields: Fields }> {
  yield { path, fields };
  for (const [key, value] of Object.entries(fields)) {
    if (key === "err" || typeof value !== "object" || value === null) continue;
    yield* objectsIn(value as Fields, `${path}${key}.`);
  }
}

/** The workspace in a subject of any stream, by hand. */
const workspaceIn = (subject: unknown): string | undefined => {
  if (typeof subject !== "string") return undefined;
  const [stream, ...tokens] = subject.split(".");
  return stream === "retries" ? tokens[1] : tokens[0];
};

/** All that is wrong with a line, whatever it is about. */
export function problemsOf(line: LogLine, pod: string): string[] {
  const problems: string[] = [];
  if (!/^\d+\.\d+\.\d+/.test(String(line["version"]))) problems.push("no version");
  if (line["pod"] !== pod) problems.push("no pod");
  for (const { path, fields } of objectsIn(line)) {
    const names = Object.keys(fields);
    for (const name of names) if (CAMEL_CASE_ID.test(name)) problems.push(`${path}${name}`);
    const id = OF_A_WORKSPACE.find((name) => fields[name] !== undefined);
    const workspace = fields["workspace_id"] ?? line["workspace_id"];
    if (id !== undefined && workspace === undefined) problems.push(`${path}${id} alone`);
  }
  const workspace = workspaceIn(line["subject"]);
  if (workspace !== undefined && line["workspace_id"] !== workspace) {
    problems.push(`subject ${String(line["subject"])} without its workspace_id`);
  }
  return problems.map((problem) => `${String(line["service"])} ${String(line["msg"])}: ${problem}`);
}

/** What began without its producer: the platform's own events, redeliveries, and what was restored from a record. */
const cannotBeTraced = ({ agent_id, redelivery_id, attempt }: LogLine): boolean =>
  agent_id === "_workspace" ||
  redelivery_id !== undefined ||
  (agent_id === "lost" && attempt === 2);

/** What a line about one message does not say, though the message does: each has a workspace, and events have traces. */
export function notSaid(line: LogLine): string[] {
  const msg = String(line["msg"]);
  const isOfDelivery = /^(?:delivery|retry)\./.test(msg);
  const wanted = isOfDelivery || msg.endsWith("_message") ? ["workspace_id"] : [];
  if (isOfDelivery && !cannotBeTraced(line)) wanted.push("trace_id");
  return wanted.filter((name) => line[name] === undefined).map((name) => `${msg} has no ${name}`);
}
