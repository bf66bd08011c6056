import { promises as dns, type LookupAddress } from "node:dns";

/** The addresses of one family that a name has, or why there is none. */
export type FamilyFound =
  | { readonly kind: "addresses"; readonly addresses: readonly LookupAddress[] }
  /** `DNS_` and what c-ares or getaddrinfo says; `DNS_BUSY`: too many lookups run. */
  | { readonly kind: "unresolved"; readonly code: string };

type FamilyQuery = {
  readonly hostname: string;
  readonly family: 4 | 6;
  /** The system's where it is left out. */
  readonly servers: readonly string[] | undefined;
  readonly withinMs: number;
  readonly signal: AbortSignal;
};

export const unresolved = (code: string) => ({ kind: "unresolved", code: `DNS_${code}` }) as const;

/** Another name server would say the same. */
const FINAL = new Set(["ENOTFOUND", "ENODATA"]);
const MIN_QUERIES = 2;
const MAX_QUERIES = 4;
/** A lost datagram is repeated after this, or after a quarter of the time. */
const MAX_FIRST_WAIT_MS = 1_000;

/**
 * Queries the name servers in turn, and goes on listening to the earlier ones: c-ares itself drops a query when it
 * sends the next, so that a server slower than one try is never heard. Each query has a resolver of its own, which
 * reads resolv.conf again and has its own deadline.
 */
export const lookUpFamily = (wanted: FamilyQuery): Promise<FamilyFound> =>
  new Promise((resolve) => {
    const { hostname, family, withinMs, signal } = wanted;
    const resolvers: dns.Resolver[] = [];
    let maxQueries = MIN_QUERIES;
    let failed = 0;
    let next: NodeJS.Timeout | undefined;

    const end = (found: FamilyFound): void => {
      clearTimeout(next);
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      for (const resolver of resolvers.splice(0)) resolver.cancel();
      maxQueries = 0;
      resolve(found);
    };
    const cancel = (): void => end(unresolved("ECANCELLED"));
    const timer = setTimeout(() => end(unresolved("ETIMEOUT")), withinMs);
    signal.addEventListener("abort", cancel, { once: true });

    const query = async (): Promise<void> => {
      clearTimeout(next);
      const nth = resolvers.length;
      if (nth >= maxQueries) return;
      const { resolver, servers } = resolverAt(nth, wanted);
      maxQueries = Math.min(MAX_QUERIES, Math.max(MIN_QUERIES, servers));
      resolvers.push(resolver);
      const firstWaitMs = Math.min(MAX_FIRST_WAIT_MS, withinMs / 4);
      next = setTimeout(() => void query(), firstWaitMs * (nth + 1));
      try {
        const found =
          family === 4 ? await resolver.resolve4(hostname) : await resolver.resolve6(hostname);
        end({ kind: "addresses", addresses: found.map((address) => ({ address, family })) });
      } catch (error) {
        const code = String((error as NodeJS.ErrnoException).code);
        failed += 1;
        if (FINAL.has(code) || failed === maxQueries) end(unresolved(code));
        else if (failed === resolvers.length) void query();
      }
    };
    void query();
  });

/** The resolver for one query, and how many name servers there are. */
const resolverAt = (
  nth: number,
  { servers, withinMs }: FamilyQuery,
): { readonly resolver: dns.Resolver; readonly servers: number } => {
  const timeout = Math.ceil(withinMs); // c-ares takes whole numbers alone
  const resolver = new dns.Resolver({ timeout, maxTimeout: timeout, tries: 1 });
  const all = servers ?? resolver.getServers();
  const one = all[nth % all.length];
  if (one !== undefined) resolver.setServers([one]);
  return { resolver, servers: all.length };
};
