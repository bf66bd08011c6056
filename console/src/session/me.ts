import { createContext, use } from "react";
import type { Theme } from "../theme/theme.ts";

/** Who is signed in, and what they may do: what `GET /me` says. */
export type Me = {
  readonly kind: "key" | "person" | "portal";
  readonly id: string;
  readonly name: string | null;
  /** Of the workspace that the pages are about; `*`: an operator has named none yet. */
  readonly workspace_id: string;
  /** Where else the caller may act. */
  readonly workspaces: readonly { readonly workspace_id: string }[];
  readonly operator: boolean;
  readonly permissions: readonly string[];
  readonly agents: readonly string[] | null;
  readonly expires_at: string | null;
  readonly theme?: Theme | null;
  /** Where messages to the page around a frame may go. */
  readonly origin?: string | null;
};

export const MeContext = createContext<Me | null>(null);

/** Who is signed in; only below the sign-in. */
export const useMe = (): Me => {
  const me = use(MeContext);
  if (me === null) throw new Error("nobody is signed in here");
  return me;
};

/** Whether the caller may do this, such as `redeliver`: what they may not is not offered. */
export const useMay = (permission: string): boolean => useMe().permissions.includes(permission);
