import { editOf } from "../harness/api-client.ts";
import { HIDDEN, OURS } from "./scene.ts";

const SINCE = "2020-01-01T00:00:00Z";
const url = "https://a.example.com/";
const type = { event_type: "call_completed" };
const event = (agent_id: string) => ({ ...type, call_id: "c-new", agent_id });
const session = { capabilities: ["read"], expires_in: 60 };
const job = { since: SINCE, status: "dead_lettered" };

type Row = {
  readonly path: string;
  readonly body?: unknown;
  /** What the key gets that is bound to `ours`. */
  readonly status: number;
};

/** What every call responds to a bound key that asks for what is of others. A new call needs a row. */
export const HIDDEN_THINGS: Readonly<Record<string, readonly Row[]>> = {
  "GET /agent/v1/:agent_id": [
    { path: `/agent/v1/${HIDDEN}`, status: 404 },
    { path: "/agent/v1/_workspace", status: 404 },
    { path: `/agent/v1/${OURS}%00`, status: 404 },
  ],
  "GET /agent/:agent_id": [{ path: `/agent/${HIDDEN}`, status: 404 }],
  "GET /agent/all": [{ path: "/agent/all", status: 200 }],
  "GET /assistant": [{ path: "/assistant", status: 200 }],
  "GET /agent/v1/:agent_id/history": [{ path: `/agent/v1/${HIDDEN}/history`, status: 404 }],
  "GET /agent/v1/:agent_id/stats": [{ path: `/agent/v1/${HIDDEN}/stats`, status: 404 }],
  "PATCH /agent/v1": [
    { path: "/agent/v1", body: editOf(HIDDEN, url), status: 404 },
    { path: "/agent/v1", body: editOf("_workspace", url, "delivery_exhausted"), status: 404 },
    { path: "/agent/v1", body: editOf("new-agent", url), status: 404 },
  ],
  "POST /agent/v1": [
    { path: "/agent/v1", body: { agent_id: HIDDEN, agent_display_name: "x" }, status: 403 },
    { path: "/agent/v1", body: { agent_display_name: "x" }, status: 403 },
  ],
  "DELETE /agent/v1/:agent_id": [{ path: `/agent/v1/${HIDDEN}`, status: 404 }],
  "POST /agent/v1/:agent_id/test-event": [
    { path: `/agent/v1/${HIDDEN}/test-event`, body: type, status: 404 },
  ],
  "GET /api-keys": [{ path: "/api-keys", status: 200 }],
  "POST /api-keys": [
    { path: "/api-keys", body: { name: "k", scopes: ["read"] }, status: 403 },
    {
      path: "/api-keys",
      body: { name: "k", scopes: ["read"], agents: [OURS, HIDDEN] },
      status: 403,
    },
  ],
  "GET /api-keys/:key_id": [{ path: "/api-keys/HIDDEN_KEY", status: 404 }],
  "DELETE /api-keys/:key_id": [{ path: "/api-keys/HIDDEN_KEY", status: 404 }],
  "POST /api-keys/:key_id/rotate": [{ path: "/api-keys/HIDDEN_KEY/rotate", status: 404 }],
  "GET /overview": [
    { path: "/overview", status: 200 },
    { path: `/overview?agent_id=${HIDDEN}`, status: 200 },
  ],
  "GET /activity": [
    { path: "/activity?endpoint_id=own-ep", status: 200 },
    { path: `/activity?agent_id=${OURS}`, status: 200 },
  ],
  "GET /events/facets": [{ path: "/events/facets", status: 200 }],
  "GET /deliveries/facets": [{ path: "/deliveries/facets", status: 200 }],
  "GET /dead-letters/facets": [{ path: "/dead-letters/facets", status: 200 }],
  "GET /dispatchers": [{ path: "/dispatchers", status: 403 }],
  "GET /streams": [{ path: "/streams", status: 403 }],
  "GET /workspaces": [{ path: "/workspaces", status: 403 }],
  "GET /calls": [
    { path: "/calls", status: 200 },
    { path: "/calls?call_id=c-s", status: 200 },
    { path: `/calls?agent_id=${HIDDEN}`, status: 200 },
  ],
  "GET /audit": [{ path: "/audit", status: 403 }],
  "GET /me": [{ path: "/me", status: 200 }],
  "GET /attempts": [
    { path: "/attempts", status: 200 },
    { path: `/attempts?agent_id=${HIDDEN}`, status: 200 },
    { path: "/attempts?endpoint_id=hidden-ep", status: 200 },
    { path: "/attempts?endpoint_id=hidden-all", status: 200 },
    { path: "/attempts?call_id=c-shared", status: 200 },
  ],
  "GET /calls/:call_id/events": [
    { path: "/calls/c-shared/events", status: 200 },
    { path: "/calls/c-hidden/events", status: 404 },
  ],
  "GET /dead-letters": [{ path: "/dead-letters", status: 200 }],
  "GET /dead-letters/:event_id": [{ path: "/dead-letters/HIDDEN_EVENT", status: 404 }],
  "GET /deliveries": [
    { path: "/deliveries", status: 200 },
    { path: "/deliveries?endpoint_id=hidden-both", status: 200 },
    { path: "/deliveries?call_id=c-shared", status: 200 },
  ],
  "GET /event-types": [{ path: "/event-types", status: 200 }],
  "PUT /event-types/:name": [{ path: "/event-types/kyc_done", body: {}, status: 403 }],
  "DELETE /event-types/:name": [{ path: "/event-types/kyc_done", status: 403 }],
  "GET /events": [
    { path: "/events", status: 200 },
    { path: "/events?endpoint_id=hidden-all", status: 200 },
    { path: `/events?agent_id=${HIDDEN}`, status: 200 },
  ],
  "GET /events/:event_id": [
    { path: "/events/OWN_EVENT", status: 200 },
    { path: "/events/HIDDEN_EVENT", status: 404 },
  ],
  "GET /events/:event_id/attempts": [
    { path: "/events/OWN_EVENT/attempts", status: 200 },
    { path: "/events/HIDDEN_EVENT/attempts", status: 404 },
  ],
  "GET /events/:event_id/payload": [{ path: "/events/HIDDEN_EVENT/payload", status: 404 }],
  "POST /events": [
    { path: "/events", body: event(HIDDEN), status: 403 },
    { path: "/events", body: [event(OURS), event(HIDDEN)], status: 403 },
  ],
  "POST /filters/test": [
    { path: "/filters/test", body: { filter: {}, event_id: "HIDDEN_EVENT" }, status: 404 },
  ],
  "GET /stream": [{ path: `/stream?agent_id=${HIDDEN}`, status: 200 }],
  "POST /events/:event_id/redeliver": [
    { path: "/events/HIDDEN_EVENT/redeliver", status: 404 },
    { path: "/events/OWN_EVENT/redeliver", body: { endpoint_ids: ["hidden-all"] }, status: 404 },
  ],
  "GET /portal-sessions": [{ path: "/portal-sessions", status: 200 }],
  "POST /portal-sessions": [
    { path: "/portal-sessions", body: { ...session }, status: 403 },
    { path: "/portal-sessions", body: { ...session, agents: [HIDDEN] }, status: 403 },
  ],
  "DELETE /portal-sessions/:session_id": [{ path: "/portal-sessions/HIDDEN_SESSION", status: 404 }],
  "GET /redeliveries": [{ path: "/redeliveries", status: 200 }],
  "POST /redeliveries": [
    { path: "/redeliveries", body: { ...job, agent_id: HIDDEN }, status: 403 },
    { path: "/redeliveries", body: { ...job, endpoint_id: "hidden-ep" }, status: 404 },
  ],
  "GET /redeliveries/:redelivery_id": [
    { path: "/redeliveries/OWN_JOB", status: 200 },
    { path: "/redeliveries/HIDDEN_JOB", status: 404 },
    { path: "/redeliveries/ALL_JOB", status: 404 },
  ],
  "DELETE /redeliveries/:redelivery_id": [{ path: "/redeliveries/ALL_JOB", status: 404 }],
  "GET /endpoints": [{ path: "/endpoints", status: 200 }],
  "POST /endpoints": [
    { path: "/endpoints", body: { url }, status: 403 },
    { path: "/endpoints", body: { url, agents: [OURS, HIDDEN] }, status: 403 },
    {
      path: "/endpoints",
      body: { url, agents: [OURS], event_types: ["delivery_exhausted"] },
      status: 403,
    },
    { path: "/endpoints", body: { url, agents: [OURS], uid: "hidden-ep" }, status: 409 },
  ],
  "POST /endpoints/match": [
    { path: "/endpoints/match", body: { ...type, agent_id: OURS }, status: 200 },
    { path: "/endpoints/match", body: { ...type, agent_id: HIDDEN }, status: 403 },
  ],
  "PUT /endpoints/:endpoint_id": [
    { path: "/endpoints/own-ep", body: { url }, status: 403 },
    { path: "/endpoints/hidden-ep", body: { url, agents: [OURS] }, status: 409 },
  ],
  "PATCH /endpoints/:endpoint_id": [
    { path: "/endpoints/own-ep", body: { agents: ["*"] }, status: 403 },
    { path: "/endpoints/hidden-both", body: { agents: [OURS] }, status: 404 },
    { path: "/endpoints/hidden-exhausted", body: { url }, status: 404 },
  ],
  ...Object.fromEntries(
    [
      ...["GET", "DELETE"].map((method) => `${method} /endpoints/:endpoint_id`),
      ...["history", "stats", "attempts"].map((what) => `GET /endpoints/:endpoint_id/${what}`),
      ...["pause", "resume", "disable", "enable", "rotate-secret", "test-event"].map(
        (what) => `POST /endpoints/:endpoint_id/${what}`,
      ),
    ].map((route) => {
      const path = route.split(" ")[1]?.replace(":endpoint_id", "hidden-all") ?? "";
      return [route, [{ path, status: 404 }]];
    }),
  ),
};
