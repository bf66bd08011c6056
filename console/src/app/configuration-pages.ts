import { loaded, type PageEntry } from "./page-entry.ts";

/** Where events go, and which there are. */
export const CONFIGURATION_PAGES: readonly PageEntry[] = [
  {
    path: "/endpoints",
    permission: "read",
    audience: "everybody",
    nav: { title: "Endpoints", group: "Configuration" },
    component: loaded(() => import("../pages/endpoints/endpoints-page.tsx"), "EndpointsPage"),
  },
  {
    path: "/endpoints/new",
    permission: "endpoints",
    audience: "everybody",
    component: loaded(() => import("../pages/endpoints/new-endpoint-page.tsx"), "NewEndpointPage"),
  },
  {
    path: "/endpoints/:endpointId",
    permission: "read",
    audience: "everybody",
    component: loaded(() => import("../pages/endpoints/endpoint-page.tsx"), "EndpointPage"),
  },
  {
    path: "/endpoints/:endpointId/edit",
    permission: "endpoints",
    audience: "everybody",
    component: loaded(
      () => import("../pages/endpoints/edit-endpoint-page.tsx"),
      "EditEndpointPage",
    ),
  },
  {
    path: "/agents",
    permission: "read",
    audience: "everybody",
    nav: { title: "Agents", group: "Configuration" },
    component: loaded(() => import("../pages/agents/agents-page.tsx"), "AgentsPage"),
  },
  {
    path: "/agents/:agentId",
    permission: "read",
    audience: "everybody",
    component: loaded(() => import("../pages/agents/agent-page.tsx"), "AgentPage"),
  },
  {
    path: "/event-types",
    permission: "read",
    audience: "everybody",
    nav: { title: "Event types", group: "Configuration" },
    component: loaded(() => import("../pages/event-types/event-types-page.tsx"), "EventTypesPage"),
  },
  {
    path: "/event-types/:name",
    permission: "read",
    audience: "everybody",
    component: loaded(() => import("../pages/event-types/event-type-page.tsx"), "EventTypePage"),
  },
  {
    path: "/filters",
    permission: "read",
    audience: "everybody",
    nav: { title: "Filters", group: "Configuration" },
    component: loaded(() => import("../pages/filters/filters-page.tsx"), "FiltersPage"),
  },
];
