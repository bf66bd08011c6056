import { evolve, type ConfigurationEvent } from "@ringback/contracts/agents/agent";
import { readAgentState } from "@ringback/contracts/agents/agent-message";
import { withLiveKeys, type Subscription } from "@ringback/contracts/agents/subscription";
import { withLiveEndpointKeys } from "@ringback/contracts/endpoints/endpoint";
import {
  evolveEndpoint,
  readEndpointState,
  type EndpointEvent,
} from "@ringback/contracts/endpoints/endpoint-event";
import { isEndpointSealedNow, openEndpoint } from "@ringback/contracts/secrets/endpoint-secrets";
import {
  isSealedNow,
  openSubscription,
  subscriptionOwner,
  type Sealer,
} from "@ringback/contracts/secrets/subscription-secrets";
import type { EndpointAddress } from "@ringback/contracts/streams/endpoint-subject";
import type { AgentAddress } from "@ringback/contracts/streams/subjects";
import { sealEvent } from "../agents/secrets.ts";
import { sealEndpointEvent } from "../endpoints/secrets.ts";

type PlanDeps = { readonly sealer: Sealer; readonly now: () => Date };

/** What becomes of one stored message. */
export type Plan =
  | { readonly kind: "current" }
  | { readonly kind: "unreadable"; readonly problems: readonly string[] }
  /** Its secrets are sealed. */
  | { readonly kind: "rewrite"; readonly event: ConfigurationEvent | EndpointEvent };

const ACTOR = "reencrypt";

/** The message that takes the place of an agent's last one. Nobody uses an expired signing key: it need not open. */
export const planForAgent = (
  address: AgentAddress,
  data: Uint8Array,
  { sealer, now }: PlanDeps,
): Plan => {
  const read = readAgentState(address, data);
  if (read.kind === "invalid") return { kind: "unreadable", problems: [read.message] };
  const { state } = read;
  if (state.kind === "absent") return { kind: "current" };
  const at = now();
  const stored = state.agent.event_subscriptions.map((one) => withLiveKeys(one, at.getTime()));
  const ownerOf = ({ event_type }: Subscription) => subscriptionOwner(address, event_type);
  if (stored.every((one) => isSealedNow(ownerOf(one), one, sealer))) return { kind: "current" };
  const opened = stored.map((one) => openSubscription(ownerOf(one), one, sealer));
  const problems = opened.flatMap((one) => one.problems);
  if (problems.length > 0) return { kind: "unreadable", problems };
  const event_subscriptions = opened.map(({ subscription }) => subscription);
  const before = { ...state, agent: { ...state.agent, event_subscriptions } };
  const metadata = { actor: ACTOR, occurred_at: at.toISOString() };
  const change = { type: "secrets_reencrypted", change: {}, ...metadata } as const;
  const after = evolve(before, change);
  const agent = after.kind === "registered" ? after.agent : null;
  const event = { ...change, version: after.version, agent };
  return { kind: "rewrite", event: sealEvent(address, event, sealer) };
};

/** The same for an endpoint. */
export const planForEndpoint = (
  address: EndpointAddress,
  data: Uint8Array,
  { sealer, now }: PlanDeps,
): Plan => {
  const read = readEndpointState(address, data);
  if (read.kind === "invalid") return { kind: "unreadable", problems: [read.message] };
  const { state } = read;
  if (state.kind === "absent") return { kind: "current" };
  const at = now();
  const stored = withLiveEndpointKeys(state.endpoint, at.getTime());
  if (isEndpointSealedNow(stored, sealer)) return { kind: "current" };
  const { endpoint, problems } = openEndpoint(stored, sealer);
  if (problems.length > 0) return { kind: "unreadable", problems };
  const metadata = { actor: ACTOR, occurred_at: at.toISOString() };
  const change = { type: "endpoint_reencrypted", change: {}, ...metadata } as const;
  const after = evolveEndpoint({ ...state, endpoint }, change);
  const next = after.kind === "present" ? after.endpoint : null;
  const event = { ...change, version: after.version, endpoint: next };
  return { kind: "rewrite", event: sealEndpointEvent(address, event, sealer) };
};
