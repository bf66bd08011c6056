import { lazy, type ComponentType } from "react";

/** A page: where it is, what it needs, and where the navigation has it. */
export type PageEntry = {
  /** Below the workspace, as wouter reads patterns. */
  readonly path: string;
  /** What the caller must be permitted to see it. */
  readonly permission: string;
  /** `console`: not in the portal. `operator`: for operators alone. */
  readonly audience: "everybody" | "console" | "operator";
  /** Its title in the navigation, and the group there. Undefined: other pages lead to it. */
  readonly nav?: {
    readonly title: string;
    readonly group: "Traffic" | "Configuration" | "Access" | "Operator";
  };
  readonly component: ComponentType;
};

/** Loads a page's file when it is first opened. */
const loaded = <Name extends string>(
  load: () => Promise<Readonly<Record<Name, ComponentType>>>,
  name: Name,
): ComponentType =>
  lazy(async (): Promise<{ default: ComponentType }> => ({ default: (await load())[name] }));

/** Every page, in the order of the navigation. Each is loaded when somebody first opens it. */
export const PAGES: readonly PageEntry[] = [
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
  {
    path: "/keys",
    permission: "admin",
    audience: "console",
    nav: { title: "API keys", group: "Access" },
    component: loaded(() => import("../pages/keys/keys-page.tsx"), "KeysPage"),
  },
  {
    path: "/history",
    permission: "admin",
    audience: "console",
    nav: { title: "History", group: "Access" },
    component: loaded(() => import("../pages/audit/audit-page.tsx"), "AuditPage"),
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
