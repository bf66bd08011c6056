import { Link } from "wouter";
import { exactText } from "../../format/exact-json.ts";
import { visibleText } from "../../format/visible-text.ts";
import { Code, CopyButton, JsonCode } from "../../ui/code.tsx";
import { Stack } from "../../ui/form.tsx";
import { Definitions, Panel } from "../../ui/page.tsx";
import { Status } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import type { Endpoint } from "../destinations/api-types.ts";
import { policyText, orderText } from "../destinations/policy-text.ts";
import { ALL } from "./endpoint-draft.ts";

/** How an endpoint is set. */
export const EndpointSettings = ({ of: endpoint }: { readonly of: Endpoint }) => {
  const headers = Object.entries(endpoint.headers);
  const metadata = Object.entries(endpoint.metadata ?? {});
  return (
    <Panel
      title="Settings"
      actions={<CopyButton text={endpoint.endpoint_id} label="Copy its ID" />}
    >
      <Stack>
        <Definitions
          of={{
            State: (
              <>
                <Status status={endpoint.state} /> since <Time at={endpoint.state_since} />
              </>
            ),
            ...(endpoint.held_since === undefined
              ? {}
              : { "Events held since": <Time at={endpoint.held_since} /> }),
            Destination: (
              <>
                {endpoint.method_type} <code>{endpoint.url}</code>
              </>
            ),
            ID: <code>{endpoint.endpoint_id}</code>,
            ...(endpoint.description === undefined
              ? {}
              : { Description: visibleText(endpoint.description) }),
            Agents: <AgentLinks agents={endpoint.agents} />,
            "Event types": endpoint.event_types.includes(ALL)
              ? "all, later ones too"
              : endpoint.event_types.join(", "),
            "Delivery policy": policyText(endpoint.delivery),
            Order: orderText(endpoint.order),
            Created: <Time at={endpoint.created_at} />,
            Changed: (
              <>
                <Time at={endpoint.updated_at} />, version {endpoint.version}
              </>
            ),
          }}
        />
        {headers.length === 0 ? null : (
          <>
            <h3>Headers</h3>
            <Code label="Headers" text={linesOf(headers)} />
          </>
        )}
        {endpoint.filter === undefined ? null : (
          <>
            <h3>Filter</h3>
            <JsonCode label="Filter" text={exactText(endpoint.filter)} />
          </>
        )}
        {metadata.length === 0 ? null : (
          <>
            <h3>Metadata</h3>
            <Code label="Metadata" text={linesOf(metadata)} />
          </>
        )}
      </Stack>
    </Panel>
  );
};

const linesOf = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map(([name, value]) => `${name}: ${value}`).join("\n");

const AgentLinks = ({ agents }: { readonly agents: readonly string[] }) => {
  if (agents.includes(ALL)) return <>all, later ones too</>;
  return agents.map((agent, at) => (
    <span key={agent}>
      {at === 0 ? "" : ", "}
      <Link href={`/agents/${encodeURIComponent(agent)}`}>{agent}</Link>
    </span>
  ));
};
