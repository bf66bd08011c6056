import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { addressIn, type EndpointStore } from "../endpoints/endpoint-commands.ts";
import type { Rejected } from "../idempotency/decide-once.ts";
import { isOwnEndpoint, type Sight } from "../sight/decide/sight.ts";
import { rejected } from "./deliverable-event.ts";
import type { Rejection } from "./deps.ts";

const READS_AT_ONCE = 8;

/**
 * The endpoints that are seen with these ids or uids, each once. Rejected where one is not there, or is disabled: what
 * was sent to it would only be cancelled.
 */
export const namedEndpoints = async (
  { workspaceId, agents }: Sight,
  idsOrUids: readonly string[],
  store: Pick<EndpointStore, "read">,
): Promise<
  { readonly kind: "endpoints"; readonly endpoints: readonly Endpoint[] } | Rejected<Rejection>
> => {
  const read = await mapConcurrently(new Set(idsOrUids), READS_AT_ONCE, async (named) => {
    const { state } = await store.read(addressIn(workspaceId, named));
    const isSeen = state.kind === "present" && isOwnEndpoint(agents, state.endpoint);
    return { named, endpoint: isSeen ? state.endpoint : undefined };
  });
  const missing = read.filter(({ endpoint }) => endpoint === undefined).map(({ named }) => named);
  if (missing.length > 0) return rejected({ kind: "endpoints_not_found", named: missing });
  const endpoints = read.flatMap(({ endpoint = [] }) => endpoint);
  const disabled = endpoints.filter((endpoint) => endpoint.switch === "disabled");
  if (disabled.length > 0) {
    const named = disabled.map(({ uid, endpoint_id }) => uid ?? endpoint_id);
    return rejected({ kind: "endpoints_disabled", named });
  }
  const byId = new Map(endpoints.map((endpoint) => [endpoint.endpoint_id, endpoint]));
  return { kind: "endpoints", endpoints: [...byId.values()] };
};
