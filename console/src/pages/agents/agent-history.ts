import type { paths } from "../../api/schema.gen.ts";
import type { Change } from "../destinations/changes.ts";

type AgentChange =
  paths["/agent/v1/{agent_id}/history"]["get"]["responses"][200]["content"]["application/json"]["changes"][number];

const TITLES: Readonly<Record<string, string>> = {
  agent_registered: "Registered",
  agent_renamed: "Renamed",
  event_subscriptions_edited: "Subscriptions set",
  event_subscriptions_removed: "Subscriptions removed",
  agent_deregistered: "Deregistered",
  secrets_reencrypted: "Secrets encrypted with another key",
  signing_secret_rotated: "Signing secret rotated",
  signing_secret_removed: "Signing secret removed",
};

/** The settings of a subscription, each of which an edit sets. */
const SETTINGS = ["callback_url", "method_type", "headers", "delivery", "order"] as const;

/** A change of an agent, in words and settings. */
export const changeOf = ({ version, at, actor, ...change }: AgentChange): Change => ({
  version,
  at,
  actor,
  title: TITLES[change.type] ?? change.type.replaceAll("_", " "),
  set: {
    ...(change.agent_display_name === undefined ? {} : { name: change.agent_display_name }),
    ...Object.fromEntries(
      (change.set ?? []).flatMap((subscription) =>
        SETTINGS.map((name) => [`${subscription.event_type} ${name}`, subscription[name] ?? null]),
      ),
    ),
    ...Object.fromEntries(
      (change.removed ?? []).flatMap((type) => SETTINGS.map((name) => [`${type} ${name}`, null])),
    ),
    ...Object.fromEntries(
      (change.signing ?? []).map(({ event_type: type, key }) => [
        `${type} signing key`,
        `${key.scheme} ${key.id}`,
      ]),
    ),
    ...(change.former_expire_at === undefined
      ? {}
      : { "earlier keys sign until": change.former_expire_at }),
  },
});
