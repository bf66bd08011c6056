import { isIP } from "node:net";
import { LRUCache } from "lru-cache";
import { classifyAddress, deniedAddresses, isWithin, type AddressPolicy } from "./address.ts";
import { isPortIn, portsText, type PortRange } from "./ports.ts";

/** With `deniedCidrs`, literals in them are refused, whatever else is opened. */
export type CallbackUrlPolicy = AddressPolicy & {
  /** `ALLOW_INSECURE_HTTP`: http, localhost and names that mean nothing outside are taken too. */
  readonly allowInsecureHttp: boolean;
  /** `ALLOWED_PORTS`; with `allowInsecureHttp` any port is taken. */
  readonly allowedPorts: readonly PortRange[];
};

export type CheckedCallbackUrl =
  | { readonly kind: "accepted"; readonly href: string; readonly origin: string }
  | { readonly kind: "refused"; readonly message: string };

const MAX_URL_CHARACTERS = 2_048;
const MAX_LABEL_CHARACTERS = 63; // RFC 1035
const MAX_HOST_CHARACTERS = 253; // RFC 1035

// Names that resolve, if at all, to something inside the operator's network (RFC 6761, RFC 6762,
// RFC 8375, RFC 9476's internal, Kubernetes).
const RESERVED_NAMES =
  /(^|\.)(localhost|local|internal|home\.arpa|onion|invalid|svc|cluster\.local)$/;

// Also an empty user, which the parser drops; a backslash ends the host as a slash does.
const USER_INFO = /^https?:\/\/[^/\\?#]*@/i;

const refused = (message: string): CheckedCallbackUrl => ({ kind: "refused", message });

/**
 * Whether events may be sent to this URL, and its normal form. A URL is checked when it is stored and again when
 * it is used. The addresses of a name are checked when connecting, not here.
 */
export const checkCallbackUrl = (text: string, policy: CallbackUrlPolicy): CheckedCallbackUrl => {
  const accepted = acceptedUnder.memo(policy);
  const known = accepted.get(text);
  if (known !== undefined) return known;
  const checked = check(text, policy);
  // A query is a secret: not cached.
  if (checked.kind === "accepted" && !text.includes("?")) {
    accepted.set(text, checked);
  }
  return checked;
};

const MAX_REMEMBERED = 10_000;
const MAX_POLICIES = 10;

/** A cache for each policy: policies never change, and most attempts use the same URLs. */
const acceptedUnder = new LRUCache({
  max: MAX_POLICIES,
  memoMethod: (_policy: CallbackUrlPolicy) =>
    new LRUCache<string, CheckedCallbackUrl>({ max: MAX_REMEMBERED }),
});

const check = (text: string, policy: CallbackUrlPolicy): CheckedCallbackUrl => {
  if (text.length > MAX_URL_CHARACTERS) return tooLong(text.length);
  // The parser drops tabs and newlines silently and folds full-width digits and dots.
  if (!/^[\x21-\x7e]+$/.test(text)) {
    return refused("must be ASCII without spaces or control characters");
  }
  if (!/^https?:\/\/[^/\\]/i.test(text)) return refused("must begin with https://");
  const url = URL.parse(text);
  if (url === null) return refused("is not a URL");
  if (url.protocol === "http:" && !policy.allowInsecureHttp) {
    return refused("must begin with https:// (http is switched off here)");
  }
  if (USER_INFO.test(text)) {
    return refused("must not carry a user name or password: use headers");
  }
  if (text.includes("#")) return refused("must not have a fragment (#)");
  const problem = hostProblem(url.hostname, policy) ?? portProblem(url, policy);
  if (problem !== undefined) return refused(problem);
  // Escaped characters make the normal form longer, and it is checked itself when it is used.
  if (url.href.length > MAX_URL_CHARACTERS) return tooLong(url.href.length);
  return { kind: "accepted", href: url.href, origin: url.origin };
};

const tooLong = (characters: number): CheckedCallbackUrl =>
  refused(`is ${characters} characters long: at most ${MAX_URL_CHARACTERS}`);

const hostProblem = (host: string, policy: CallbackUrlPolicy): string | undefined => {
  const literal = host.startsWith("[") ? host.slice(1, -1) : host;
  if (isIP(literal) !== 0) return literalProblem(literal, policy);
  if (host.length > MAX_HOST_CHARACTERS) return `has a host over ${MAX_HOST_CHARACTERS} characters`;
  if (host.endsWith(".")) return "has a host that ends with a dot";
  const labels = host.split(".");
  if (labels.some((label) => label === "" || label.length > MAX_LABEL_CHARACTERS)) {
    return `has a host with a part that is empty or over ${MAX_LABEL_CHARACTERS} characters`;
  }
  if (policy.allowInsecureHttp) return undefined;
  if (RESERVED_NAMES.test(host)) return `names '${host}', which is reserved and not public`;
  if (labels.length < 2) return `names '${host}', which is not a public host name`;
  return undefined;
};

const portProblem = (url: URL, policy: CallbackUrlPolicy): string | undefined => {
  // The parser leaves out the port that the scheme implies.
  const port = Number(url.port === "" ? (url.protocol === "http:" ? 80 : 443) : url.port);
  if (policy.allowInsecureHttp || isPortIn(port, policy.allowedPorts)) return undefined;
  return `names port ${port}, which is not one of ${portsText(policy.allowedPorts)}`;
};

const literalProblem = (address: string, policy: CallbackUrlPolicy): string | undefined => {
  const { allowedPrivateCidrs, deniedCidrs = [] } = policy;
  if (allowedPrivateCidrs.length === 0) return "must name a host, not an IP address";
  // Literals are only for the networks that the operator opened.
  if (!isWithin(address, allowedPrivateCidrs)) {
    return "must name a host: this IP address is in no network that is open here";
  }
  const verdict = classifyAddress(address, deniedAddresses({ allowedPrivateCidrs }));
  const isDenied = verdict.kind === "denied" || isWithin(address, deniedCidrs);
  return isDenied ? "names an address that nothing may be sent to" : undefined;
};
