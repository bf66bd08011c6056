import { promises as dns, type LookupAddress } from "node:dns";
import { lookupSlots, type LookupLimits } from "./lookup-slots.ts";

/** What a name leads to: every address that was found, or why there is none. */
export type Resolved =
  | { readonly kind: "addresses"; readonly addresses: readonly LookupAddress[] }
  /** `DNS_` and what c-ares or getaddrinfo says; `DNS_BUSY`: too many names are being asked for. */
  | { readonly kind: "unresolved"; readonly code: string };

export type NameResolver = {
  readonly resolve: (workspaceId: string, hostname: string) => Promise<Resolved>;
  readonly close: () => void;
};

export type ResolverOptions = {
  /** Names that only this machine knows count too (hosts file, search domains): for development. */
  readonly useSystemNames: boolean;
  /** Name servers (`127.0.0.1:5353`); the system's where it is left out. */
  readonly servers?: readonly string[] | undefined;
  readonly limits?: Partial<LookupLimits>;
};

const TRY_MS = 2_000;
const TRIES = 2;
/** Several name servers are tried in turn: this is the end, however many there are. */
const IN_ALL_MS = TRY_MS * TRIES + 500;
/** The wait for the other family's addresses once one family's are there (RFC 8305: a short one). */
const OTHER_FAMILY_MS = 500;
const LIMITS: LookupLimits = { perWorkspace: 16, inAll: 512, waitMs: 2_000 };
/** c-ares reads resolv.conf when a resolver is made, and never again. */
const RESOLVER_AGE_MS = 60_000;

/**
 * Names by DNS alone (c-ares, not the four threads of getaddrinfo), a bounded number at once. With
 * `useSystemNames` the system is asked too: at once for names without a dot, which c-ares looks up in no
 * search domain, and for others when DNS knows none. Otherwise the hosts file of this machine counts
 * for nothing: what it names is for this machine and not for customers.
 */
export const nameResolver = (options: ResolverOptions): NameResolver => {
  const slotFor = lookupSlots({ ...LIMITS, ...options.limits });
  const asked = new Map<string, Promise<Resolved>>();
  const resolverNow = renewedResolver(options.servers);

  const ask = async (workspaceId: string, hostname: string): Promise<Resolved> => {
    const release = await slotFor(workspaceId);
    if (release === undefined) return unresolved("BUSY");
    const found = byAnyWay(resolverNow(), hostname, options.useSystemNames);
    // Kept until the lookup is really over, not only until nobody waits for it any more.
    void found.finally(release);
    return within(IN_ALL_MS, found, unresolved("ETIMEOUT"));
  };

  return {
    // Deliveries to one endpoint that begin together ask once.
    resolve: (workspaceId, hostname) => {
      const key = `${workspaceId} ${hostname}`;
      const running = asked.get(key);
      if (running !== undefined) return running;
      const found = ask(workspaceId, hostname).finally(() => asked.delete(key));
      asked.set(key, found);
      return found;
    },
    close: () => resolverNow().cancel(),
  };
};

const renewedResolver = (servers: readonly string[] | undefined): (() => dns.Resolver) => {
  const made = (): dns.Resolver => {
    const resolver = new dns.Resolver({ timeout: TRY_MS, tries: TRIES, maxTimeout: TRY_MS });
    if (servers !== undefined) resolver.setServers(servers);
    return resolver;
  };
  let current = made();
  let madeMs = performance.now();
  return () => {
    if (performance.now() - madeMs > RESOLVER_AGE_MS) {
      current = made();
      madeMs = performance.now();
    }
    return current;
  };
};

const unresolved = (code: string): Resolved => ({ kind: "unresolved", code: `DNS_${code}` });

const byAnyWay = async (
  resolver: dns.Resolver,
  hostname: string,
  useSystemNames: boolean,
): Promise<Resolved> => {
  // RFC 6761: there is no such name, and name servers need not be asked.
  if (/(^|\.)invalid$/.test(hostname)) return unresolved("ENOTFOUND");
  if (useSystemNames && /^[^.]+$|\.localhost$/.test(hostname)) return bySystem(hostname);
  const found = await byDns(resolver, hostname);
  if (found.kind === "addresses" || !useSystemNames) return found;
  const known = await bySystem(hostname);
  return known.kind === "addresses" ? known : found;
};

const bySystem = async (hostname: string): Promise<Resolved> => {
  try {
    return { kind: "addresses", addresses: await dns.lookup(hostname, { all: true }) };
  } catch (error) {
    return unresolved(codeOf(error));
  }
};

/** Both families. IPv4 comes first: more endpoints have it, and a broken IPv6 route then costs nothing. */
const byDns = async (resolver: dns.Resolver, hostname: string): Promise<Resolved> => {
  const ipv4 = familyOf(resolver.resolve4(hostname), 4);
  const ipv6 = familyOf(resolver.resolve6(hostname), 6);
  const first = await Promise.race([ipv4, ipv6]);
  // Only addresses that are known are judged, and only those are connected to.
  const waitMs = first.kind === "addresses" ? OTHER_FAMILY_MS : IN_ALL_MS;
  const none = unresolved("ETIMEOUT");
  const both = await Promise.all([ipv4, ipv6].map((one) => within(waitMs, one, none)));
  const addresses = both.flatMap((one) => (one.kind === "addresses" ? one.addresses : []));
  if (addresses.length > 0) return { kind: "addresses", addresses };
  // "No addresses of this family" says less than what the other family's question came to.
  const codes = both.flatMap((one) => (one.kind === "unresolved" ? [one.code] : []));
  return { kind: "unresolved", code: codes.find((c) => c !== "DNS_ENODATA") ?? "DNS_ENODATA" };
};

const familyOf = async (asked: Promise<string[]>, family: 4 | 6): Promise<Resolved> => {
  try {
    const found = await asked;
    return { kind: "addresses", addresses: found.map((address) => ({ address, family })) };
  } catch (error) {
    return unresolved(codeOf(error));
  }
};

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code);

const within = async <T>(ms: number, wanted: Promise<T>, otherwise: T): Promise<T> => {
  const late = Promise.withResolvers<T>();
  const timer = setTimeout(() => late.resolve(otherwise), ms);
  try {
    return await Promise.race([wanted, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};
