import { Link } from "wouter";

/** One of an event's destinations, as the API names it. */
export type Destination = {
  /** Null or missing: the subscription of the event's agent. */
  readonly endpoint_id?: string | null | undefined;
  readonly uid?: string | undefined;
};

/** How people call a destination: by the name that they gave it themselves, where there is one. */
export const destinationName = ({ endpoint_id: endpointId, uid }: Destination): string =>
  uid ?? endpointId ?? "agent's subscription";

/** The name of a destination, which leads to its page. */
export const DestinationLink = ({
  of,
  agentId,
}: {
  readonly of: Destination;
  readonly agentId: string | null;
}) => {
  const endpointId = of.endpoint_id ?? null;
  if (endpointId !== null) {
    return <Link href={`/endpoints/${encodeURIComponent(endpointId)}`}>{destinationName(of)}</Link>;
  }
  if (agentId === null) return destinationName(of);
  return <Link href={`/agents/${encodeURIComponent(agentId)}`}>{destinationName(of)}</Link>;
};
