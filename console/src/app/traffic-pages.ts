import { loaded, type PageEntry } from "./page-entry.ts";

const ofTraffic = { permission: "read", audience: "everybody" } as const;

/** What became of events: lists, and the pages that they lead to. */
export const TRAFFIC_PAGES: readonly PageEntry[] = [
  {
    ...ofTraffic,
    path: "/events",
    nav: { title: "Events", group: "Traffic" },
    component: loaded(() => import("../pages/events/events-page.tsx"), "EventsPage"),
  },
  {
    ...ofTraffic,
    path: "/events/:eventId",
    component: loaded(() => import("../pages/events/event-page.tsx"), "EventPage"),
  },
];
