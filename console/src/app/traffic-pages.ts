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
  {
    ...ofTraffic,
    path: "/deliveries",
    nav: { title: "Deliveries", group: "Traffic" },
    component: loaded(() => import("../pages/deliveries/deliveries-page.tsx"), "DeliveriesPage"),
  },
  {
    ...ofTraffic,
    path: "/dead-letters",
    nav: { title: "Dead letters", group: "Traffic" },
    component: loaded(
      () => import("../pages/dead-letters/dead-letters-page.tsx"),
      "DeadLettersPage",
    ),
  },
  {
    ...ofTraffic,
    path: "/redeliveries",
    nav: { title: "Redelivery jobs", group: "Traffic" },
    component: loaded(
      () => import("../pages/redeliveries/redeliveries-page.tsx"),
      "RedeliveriesPage",
    ),
  },
  {
    ...ofTraffic,
    path: "/redeliveries/:redeliveryId",
    component: loaded(() => import("../pages/redeliveries/redelivery-page.tsx"), "RedeliveryPage"),
  },
  {
    ...ofTraffic,
    path: "/live",
    nav: { title: "Live", group: "Traffic" },
    component: loaded(() => import("../pages/live/live-page.tsx"), "LivePage"),
  },
];
