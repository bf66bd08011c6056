import type { Page } from "playwright-core";
import type { Shown } from "./shown.ts";

/** A picture of one page. */
export type Shot = {
  /** Its file is docs/images/console-<name>.png. */
  readonly name: string;
  /** The page as console/src/app/pages.ts has it; undefined: it is none of these. */
  readonly page?: string;
  /** Where it is, below the workspace's console; `frame` and `sign-in` are elsewhere. */
  readonly at: string | ((shown: Shown) => string);
  readonly in?: "frame" | "sign-in";
  /** An operator sees it. */
  readonly isOperators?: true;
  readonly isDark?: true;
  readonly size?: { readonly width: number; readonly height: number };
  /** What is done before. */
  readonly prepare?: (page: Page) => Promise<void>;
};

const PHONE = { width: 360, height: 760 };
const HIGH = { width: 1280, height: 1_080 };

const callOf = ({ callId }: Shown): string => `/calls/${encodeURIComponent(callId)}`;

/** The pictures of every page; those of one thing show one that has something to show. */
export const SHOTS: readonly Shot[] = [
  { name: "overview", page: "/overview", at: "/overview?period=1h" },
  { name: "calls", page: "/calls", at: "/calls" },
  { name: "call", page: "/calls/:callId", at: callOf },
  { name: "call-dark", page: "/calls/:callId", at: callOf, isDark: true },
  { name: "call-phone", page: "/calls/:callId", at: callOf, size: PHONE },
  { name: "events", page: "/events", at: "/events" },
  {
    name: "event",
    page: "/events/:eventId",
    at: ({ hindiEventId }) => `/events/${hindiEventId}`,
    size: HIGH,
    prepare: (page) => page.getByText("नमस्ते").first().scrollIntoViewIfNeeded(),
  },
  { name: "deliveries", page: "/deliveries", at: "/deliveries?status=retrying" },
  { name: "dead-letters", page: "/dead-letters", at: "/dead-letters" },
  { name: "redeliveries", page: "/redeliveries", at: "/redeliveries" },
  {
    name: "redelivery",
    page: "/redeliveries/:redeliveryId",
    at: ({ redeliveryId }) => `/redeliveries/${redeliveryId}`,
  },
  { name: "live", page: "/live", at: "/live" },
  { name: "endpoints", page: "/endpoints", at: "/endpoints" },
  { name: "new-endpoint", page: "/endpoints/new", at: "/endpoints/new" },
  {
    name: "endpoint",
    page: "/endpoints/:endpointId",
    at: ({ endpointIds }) => `/endpoints/${endpointIds["collections-desk"]}`,
  },
  {
    name: "edit-endpoint",
    page: "/endpoints/:endpointId/edit",
    at: ({ endpointIds }) => `/endpoints/${endpointIds["escalations"]}/edit`,
    size: HIGH,
  },
  { name: "agents", page: "/agents", at: "/agents" },
  { name: "agent", page: "/agents/:agentId", at: "/agents/emi-reminder-hi" },
  { name: "event-types", page: "/event-types", at: "/event-types" },
  { name: "event-type", page: "/event-types/:name", at: "/event-types/loan_closed" },
  {
    name: "filters",
    page: "/filters",
    at: "/filters",
    prepare: (page) => page.getByRole("button", { name: "Show who gets it" }).click(),
  },
  { name: "keys", page: "/keys", at: "/keys" },
  { name: "portal-sessions", page: "/portal-sessions", at: "/portal-sessions" },
  { name: "history", page: "/history", at: "/history" },
  {
    name: "workspaces",
    page: "/operator/workspaces",
    at: "/operator/workspaces",
    isOperators: true,
  },
  { name: "streams", page: "/operator/streams", at: "/operator/streams", isOperators: true },
  {
    name: "dispatchers",
    page: "/operator/dispatchers",
    at: "/operator/dispatchers",
    isOperators: true,
  },
  { name: "portal", at: "", in: "frame" },
  { name: "sign-in", at: "", in: "sign-in" },
];
