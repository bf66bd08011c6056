import type { Page } from "playwright-core";
import type { Stage } from "./stage.ts";

/** A picture of one page. */
export type Shot = {
  /** Its file is docs/images/console-<name>.png. */
  readonly name: string;
  /** Below the workspace's console. */
  readonly path: string;
  readonly isDark?: boolean;
  readonly size?: { readonly width: number; readonly height: number };
  /** What is clicked before. */
  readonly prepare?: (page: Page) => Promise<void>;
};

const PHONE = { width: 360, height: 760 };

/** The pictures of every page; those of one thing show one that has something to show. */
export const shotsOf = async ({ call }: Stage): Promise<readonly Shot[]> => {
  const { deliveries } = (await call("GET", "/deliveries?status=retrying&limit=50")) as {
    deliveries: readonly { event_id: string; call_id: string }[];
  };
  const troubled = deliveries[0];
  if (troubled === undefined)
    throw new Error("nothing waits for a retry: there is no trouble to show");
  const { endpoints } = (await call("GET", "/endpoints?limit=50")) as {
    endpoints: readonly { endpoint_id: string; uid: string }[];
  };
  const idOf = (uid: string) => endpoints.find((one) => one.uid === uid)?.endpoint_id ?? "";
  const callPath = `/calls/${encodeURIComponent(troubled.call_id)}`;
  return [
    { name: "overview", path: "/overview?period=1h" },
    { name: "call", path: callPath },
    { name: "call-dark", path: callPath, isDark: true },
    { name: "call-phone", path: callPath, size: PHONE },
    { name: "calls", path: "/calls" },
    { name: "events", path: "/events" },
    { name: "event", path: `/events/${troubled.event_id}` },
    { name: "deliveries", path: "/deliveries?status=retrying" },
    { name: "dead-letters", path: "/dead-letters" },
    { name: "redeliveries", path: "/redeliveries" },
    { name: "live", path: "/live" },
    { name: "endpoints", path: "/endpoints" },
    { name: "endpoint", path: `/endpoints/${idOf("collections-desk")}` },
    { name: "agents", path: "/agents" },
    { name: "agent", path: "/agents/emi-reminder-hi" },
    { name: "event-types", path: "/event-types" },
    { name: "history", path: "/history" },
    { name: "keys", path: "/keys" },
    { name: "portal-sessions", path: "/portal-sessions" },
  ];
};
