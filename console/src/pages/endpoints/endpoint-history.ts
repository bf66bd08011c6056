import type { paths } from "../../api/schema.gen.ts";
import type { Change } from "../destinations/changes.ts";

type EndpointChange =
  paths["/endpoints/{endpoint_id}/history"]["get"]["responses"][200]["content"]["application/json"]["changes"][number];

/** A change of an endpoint, in words and settings. */
export const changeOf = ({ version, at, actor, ...change }: EndpointChange): Change => ({
  version,
  at,
  actor,
  title: titleOf(change),
  set: {
    ...change.set,
    ...(change.state === undefined ? {} : { state: change.state }),
    ...(change.events === undefined ? {} : { "events meanwhile": change.events }),
    ...(change.key === undefined ? {} : { "signing key": `${change.key.scheme} ${change.key.id}` }),
    ...(change.former_expire_at === undefined
      ? {}
      : { "earlier keys sign until": change.former_expire_at }),
  },
});

const TITLES: Readonly<Record<string, string>> = {
  endpoint_created: "Created",
  endpoint_changed: "Changed",
  endpoint_secret_rotated: "Signing secret rotated",
  endpoint_deleted: "Deleted",
  endpoint_reencrypted: "Secrets encrypted with another key",
};

const STATE_TITLES = { healthy: "Switched on", paused: "Paused", disabled: "Disabled" } as const;

const titleOf = ({ type, state }: Pick<EndpointChange, "type" | "state">): string =>
  state === undefined ? (TITLES[type] ?? type.replaceAll("_", " ")) : STATE_TITLES[state];
