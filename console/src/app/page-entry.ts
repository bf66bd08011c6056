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
export const loaded = <Name extends string>(
  load: () => Promise<Readonly<Record<Name, ComponentType>>>,
  name: Name,
): ComponentType =>
  lazy(async (): Promise<{ default: ComponentType }> => ({ default: (await load())[name] }));
