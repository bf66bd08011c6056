import { auditedAs } from "../../services/subscriptions/src/audit/routes/audited.ts";
import type { Api } from "../../services/subscriptions/src/http/api.ts";
import { expect, test } from "vitest";
import { apiOfNothing } from "../../scripts/openapi/document.ts";

/** What every call of the API is in the audit, by hand: a new call is to be thought about. */
const PAYLOADS = [
  "getDeadLetter",
  "getEvent",
  "getEventPayload",
  "listAttempts",
  "listCallEvents",
  "listDeadLetters",
  "listEndpointAttempts",
  "listEventAttempts",
  "readStream",
];
const SECRETS = [
  "getAgent",
  "getEndpoint",
  "getEnvelopedAgent",
  "listAgentChanges",
  "listEndpointChanges",
];
const NOTHING = [
  "countDeadLetters",
  "countDeliveries",
  "countEvents",
  "getActivity",
  "getAgentStats",
  "getApiKey",
  "getEndpointStats",
  "getMe",
  "getOverview",
  "getRedelivery",
  "listAgents",
  "listAllAgents",
  "listApiKeys",
  "listAudit",
  "listCalls",
  "listDeliveries",
  "listDispatchers",
  "listEndpoints",
  "listEventTypes",
  "listEvents",
  "listPortalSessions",
  "listRedeliveries",
  "listStreams",
  "listWorkspaces",
  "matchEndpoints",
  "publishEvents",
  "testFilter",
];
const CHANGES = [
  "changeAgent",
  "changeEndpoint",
  "createApiKey",
  "createEndpoint",
  "createPortalSession",
  "createRedelivery",
  "deleteApiKey",
  "deleteEndpoint",
  "deleteEventType",
  "deregisterAgent",
  "disableEndpoint",
  "enableEndpoint",
  "pauseEndpoint",
  "putEndpoint",
  "putEventType",
  "redeliverEvent",
  "registerAgent",
  "resumeEndpoint",
  "revokePortalSession",
  "rotateApiKey",
  "rotateEndpointSecret",
  "sendTestEvent",
  "stopRedelivery",
  "testEndpoint",
];

test("every call is in the audit as what it is: a change, a read of what is not for everybody, or nothing", async () => {
  const found: Record<string, string[]> = { change: [], payloads: [], secrets: [], nothing: [] };
  const note = (api: Api) =>
    api.addHook("onRoute", ({ method, config = {}, schema }) => {
      const { operationId } = (schema ?? {}) as { readonly operationId?: string };
      if (method === "HEAD" || operationId === undefined) return;
      const audited = auditedAs({
        method: String(method),
        routeOptions: { config } as never,
      });
      found[audited]?.push(operationId);
    });
  await using app = apiOfNothing([note]);
  await app.ready();
  const sorted = Object.fromEntries(
    Object.entries(found).map(([audited, names]) => [audited, names.toSorted()]),
  );
  expect(sorted).toEqual({
    change: CHANGES,
    payloads: PAYLOADS,
    secrets: SECRETS,
    nothing: NOTHING,
  });
});
