import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { Permission } from "../http/auth/permissions.ts";

/** Who looks at events: payloads, and what endpoints responded, are for callers with `payloads` alone. */
export type Viewer = { readonly permissions: ReadonlySet<Permission> };

export const seesPayloads = ({ permissions }: Viewer): boolean => permissions.has("payloads");

type Shown = AttemptRecord & {
  readonly response?: AttemptRecord["response"] & { readonly body_hidden?: true };
};

/** An attempt's record as this caller may see it. */
export const recordFor = (record: AttemptRecord, viewer: Viewer): Shown => {
  const { response } = record;
  if (response?.body_excerpt === undefined || seesPayloads(viewer)) return record;
  const { body_excerpt: _, ...rest } = response;
  return { ...record, response: { ...rest, body_hidden: true } };
};
