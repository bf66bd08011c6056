import { CONFIGURATION_PAGES } from "./configuration-pages.ts";
import { loaded, type PageEntry } from "./page-entry.ts";
import { TRAFFIC_PAGES } from "./traffic-pages.ts";

/** Every page, in the order of the navigation. Each is loaded when somebody first opens it. */
export const PAGES: readonly PageEntry[] = [
  {
    path: "/overview",
    permission: "read",
    audience: "everybody",
    nav: { title: "Overview", group: "Traffic" },
    component: loaded(() => import("../pages/overview/overview-page.tsx"), "OverviewPage"),
  },
  {
    path: "/calls",
    permission: "read",
    audience: "everybody",
    nav: { title: "Calls", group: "Traffic" },
    component: loaded(() => import("../pages/call/calls-page.tsx"), "CallsPage"),
  },
  {
    path: "/calls/:callId",
    permission: "read",
    audience: "everybody",
    component: loaded(() => import("../pages/call/call-page.tsx"), "CallPage"),
  },
  ...TRAFFIC_PAGES,
  ...CONFIGURATION_PAGES,
  {
    path: "/keys",
    permission: "admin",
    audience: "console",
    nav: { title: "API keys", group: "Access" },
    component: loaded(() => import("../pages/keys/keys-page.tsx"), "KeysPage"),
  },
  {
    path: "/portal-sessions",
    permission: "admin",
    audience: "console",
    nav: { title: "Portal sessions", group: "Access" },
    component: loaded(
      () => import("../pages/portal-sessions/portal-sessions-page.tsx"),
      "PortalSessionsPage",
    ),
  },
  {
    path: "/history",
    permission: "admin",
    audience: "console",
    nav: { title: "History", group: "Access" },
    component: loaded(() => import("../pages/audit/audit-page.tsx"), "AuditPage"),
  },
  {
    path: "/operator/workspaces",
    permission: "read",
    audience: "operator",
    nav: { title: "Workspaces", group: "Operator" },
    component: loaded(() => import("../pages/operator/workspaces-page.tsx"), "WorkspacesPage"),
  },
  {
    path: "/operator/streams",
    permission: "read",
    audience: "operator",
    nav: { title: "Streams", group: "Operator" },
    component: loaded(() => import("../pages/operator/streams-page.tsx"), "StreamsPage"),
  },
  {
    path: "/operator/dispatchers",
    permission: "read",
    audience: "operator",
    nav: { title: "Dispatchers", group: "Operator" },
    component: loaded(() => import("../pages/operator/dispatchers-page.tsx"), "DispatchersPage"),
  },
];

/** The pages that this caller may open. */
export const pagesFor = (
  way: "console" | "portal",
  caller: { readonly permissions: readonly string[]; readonly operator: boolean },
): readonly PageEntry[] =>
  PAGES.filter(
    ({ permission, audience }) =>
      caller.permissions.includes(permission) &&
      (audience === "everybody" || way === "console") &&
      (audience !== "operator" || caller.operator),
  );
