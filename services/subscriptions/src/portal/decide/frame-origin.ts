/** What `http` is fine for: a page on the developer's own machine. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export type FrameOrigin =
  | { readonly kind: "origin"; readonly origin: string }
  | { readonly kind: "invalid"; readonly message: string };

/**
 * The origin that a portal session sends its messages to: https, or http on loopback, and one of those that may frame
 * the portal. Any other could not show it, and would be sent what its frame does.
 */
export const frameOriginIn = (text: string, allowed: readonly string[]): FrameOrigin => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // As browsers write an origin: nothing before, nothing behind, no capitals.
  if (url === undefined || url.origin !== text) {
    return invalid("must be an origin such as https://app.example.com, without a path");
  }
  const isSafe =
    url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname));
  if (!isSafe) return invalid("must begin with https:// (http is for loopback alone)");
  if (!allowed.includes(text)) {
    return invalid("is none of the origins that may frame the portal (PORTAL_FRAME_ANCESTORS)");
  }
  return { kind: "origin", origin: text };
};

const invalid = (message: string): FrameOrigin => ({ kind: "invalid", message });
