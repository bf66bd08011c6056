import type { Me } from "../session/me.ts";

/** What the portal tells the page that frames it. */
type HostMessage =
  | { readonly type: "ringback:ready" }
  | { readonly type: "ringback:resize"; readonly height: number }
  | { readonly type: "ringback:session_expired" };

/** The one origin that may be told; the session names it. It is kept for the message that the session has ended. */
let origin: string | undefined;

const tell = (message: HostMessage): void => {
  if (origin !== undefined && window.parent !== window) window.parent.postMessage(message, origin);
};

/** Says that the portal is ready, and how high it is, now and whenever that changes. Gives what ends it. */
export const startTelling = (me: Pick<Me, "origin">): (() => void) => {
  origin = me.origin ?? undefined;
  tell({ type: "ringback:ready" });
  let told = 0;
  const observer = new ResizeObserver(() => {
    const height = Math.ceil(document.documentElement.scrollHeight);
    if (height === told) return;
    told = height;
    tell({ type: "ringback:resize", height });
  });
  observer.observe(document.body);
  return () => observer.disconnect();
};

export const tellSessionExpired = (): void => tell({ type: "ringback:session_expired" });
