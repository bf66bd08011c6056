import { join } from "node:path";
import type { Stage } from "./stage.ts";

/** What the tests need of a page's entry; its component is for the browser alone. */
export type ListedPage = {
  readonly path: string;
  readonly audience: "everybody" | "console" | "operator";
};

const FILE = join(import.meta.dirname, "../../../console/src/app/pages.ts");

/** Every page of the console, as it lists them itself. */
export const listedPages = async (): Promise<readonly ListedPage[]> => {
  const { PAGES } = (await import(FILE)) as { readonly PAGES: readonly ListedPage[] };
  return PAGES;
};

/** How a page looks in each of its situations. */
export type PageRow = {
  /** Where it is when the workspace has something to show; below the workspace. */
  readonly at: (stage: Stage) => string;
  /** Text that shows once it has read what it is about. */
  readonly shows: RegExp;
  /** What it says in a new workspace: that there is nothing yet, or that there is no such thing. */
  readonly empty: RegExp;
  /** It asks the API for nothing before it shows itself. */
  readonly asksNothing?: true;
};

/** A row for each page, by its path. */
export const PAGE_ROWS: Readonly<Record<string, PageRow>> = {
  "/overview": {
    at: () => "/overview?period=1h",
    shows: /Destinations that fail/,
    empty: /None fails/,
  },
  "/calls": { at: () => "/calls", shows: /c-failed/, empty: /No call/ },
  "/calls/:callId": {
    at: () => "/calls/c-failed",
    shows: /waiting for the next attempt/,
    empty: /There is no such call/,
  },
  "/events": { at: () => "/events", shows: /c-failed/, empty: /No events yet/ },
  "/events/:eventId": {
    at: ({ eventId }) => `/events/${eventId}`,
    shows: /Event ID/,
    empty: /event/i,
  },
  "/deliveries": { at: () => "/deliveries", shows: /c-failed/, empty: /No deliver/ },
  "/dead-letters": { at: () => "/dead-letters", shows: /c-given-up/, empty: /dead letters?/i },
  "/redeliveries": { at: () => "/redeliveries", shows: /dead lettered/, empty: /No jobs/ },
  "/redeliveries/:redeliveryId": {
    at: ({ redeliveryId }) => `/redeliveries/${redeliveryId}`,
    shows: /What it is about/,
    empty: /redelivery/i,
  },
  "/live": {
    at: () => "/live",
    shows: /Waiting for attempts/,
    empty: /Waiting for attempts/,
    asksNothing: true,
  },
  "/endpoints": { at: () => "/endpoints", shows: /crm/, empty: /No endpoints/ },
  "/endpoints/new": {
    at: () => "/endpoints/new",
    shows: /Where events go/,
    empty: /Where events go/,
    asksNothing: true,
  },
  "/endpoints/:endpointId": {
    at: ({ endpointId }) => `/endpoints/${endpointId}`,
    shows: /CRM, production/,
    empty: /endpoint/i,
  },
  "/endpoints/:endpointId/edit": {
    at: ({ endpointId }) => `/endpoints/${endpointId}/edit`,
    shows: /Where events go/,
    empty: /endpoint/i,
  },
  "/agents": { at: () => "/agents", shows: /a1/, empty: /No agents yet/ },
  "/agents/:agentId": { at: () => "/agents/a1", shows: /call_completed/, empty: /agent/i },
  "/event-types": { at: () => "/event-types", shows: /call_completed/, empty: /call_completed/ },
  "/event-types/:name": {
    at: () => "/event-types/kyc_done",
    shows: /The customer was identified/,
    empty: /There is no such event type/,
  },
  "/filters": { at: () => "/filters", shows: /Try it on this event/, empty: /Filter/ },
  "/keys": { at: () => "/keys", shows: /CRM key/, empty: /admin/ },
  "/portal-sessions": { at: () => "/portal-sessions", shows: /Revoke/, empty: /No session/ },
  "/history": { at: () => "/history", shows: /createApiKey/, empty: /Kind/ },
  "/operator/workspaces": { at: () => "/operator/workspaces", shows: /w1/, empty: /w1/ },
  "/operator/streams": { at: () => "/operator/streams", shows: /DEAD_LETTERS/, empty: /EVENTS/ },
  "/operator/dispatchers": {
    at: () => "/operator/dispatchers",
    shows: /Leases/,
    empty: /Leases/,
  },
};

/** Where the page of one thing is when nobody knows that thing. */
export const ofNothing = (path: string): string =>
  path
    .replace(":eventId", "evt_0_1")
    .replace(":redeliveryId", "rdl_0")
    .replace(":endpointId", "ep_0123456789abcdef")
    .replace(/:\w+/, "nobody");

/** A page's row; a page without one fails its tests. */
export const rowOf = (path: string): PageRow => {
  const row = PAGE_ROWS[path];
  if (row === undefined) throw new Error(`the page ${path} has no row in page-list.ts`);
  return row;
};
