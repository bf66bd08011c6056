import { promises as dns, type LookupAddress } from "node:dns";
import { LRUCache } from "lru-cache";
import { lookupSlots, type LookupLimits } from "./lookup-slots.ts";
import { lookUpFamily, type FamilyFound, unresolved } from "./look-up-family.ts";
import { within } from "./within.ts";

/** What a name leads to: every address that was found, or why there is none. */
export type Resolved =
  | {
      readonly kind: "addresses";
      readonly addresses: readonly LookupAddress[];
      /** Those of the other family, where its name servers take their time; never rejects. */
      readonly later?: Promise<readonly LookupAddress[]>;
    }
  /** `DNS_` and what c-ares or getaddrinfo says; `DNS_BUSY`: too many names are being asked for. */
  | { readonly kind: "unresolved"; readonly code: string };

export type NameResolver = {
  /** Within `withinMs`, the wait for its turn included. */
  readonly resolve: (workspaceId: string, hostname: string, withinMs: number) => Promise<Resolved>;
  readonly close: () => void;
};

export type ResolverOptions = {
  /** Names that only this machine knows count too (hosts file, search domains): for development. */
  readonly useSystemNames: boolean;
  /** Name servers (`127.0.0.1:5353`); the system's where it is left out. */
  readonly servers?: readonly string[] | undefined;
  readonly limits?: Partial<LookupLimits>;
};

/** RFC 8305, 3: the wait for the other family's addresses once one family's are there. */
const RESOLUTION_DELAY_MS = 50;
const LIMITS: LookupLimits = { perWorkspace: 16, inAll: 512, waitMs: 2_000 };
/** A lookup that times out after more than this in our own line had less time than it should have. */
const MAX_OWN_SHARE = 0.1;
/** Name servers that were silent so often, one time after the other, had their chances all the same. */
const MAX_EXCUSED = 3;
const MAX_SILENT_NAMES = 4_096;
/** Deliveries ask together where they have about as much time. */
const TIME_STEP_MS = 100;

/**
 * Names by DNS alone (c-ares, not the four threads of getaddrinfo), a bounded number at once. With
 * `useSystemNames` the system is asked too: at once for names without a dot, which c-ares looks up in no
 * search domain, and for others when DNS knows none. Otherwise the hosts file of this machine counts
 * for nothing: what it names is for this machine and not for customers.
 */
export const nameResolver = (options: ResolverOptions): NameResolver => {
  const limits = { ...LIMITS, ...options.limits };
  const slotFor = lookupSlots(limits);
  const asked = new Map<string, Promise<Resolved>>();
  const closing = new AbortController();
  /** How often names were asked for, and nobody said anything, since somebody did. */
  const silences = new LRUCache<string, number>({ max: MAX_SILENT_NAMES });

  const ask = async (workspaceId: string, lookup: Lookup): Promise<Resolved> => {
    const askedMs = performance.now();
    const release = await slotFor(workspaceId, Math.min(limits.waitMs, lookup.withinMs / 2));
    if (release === undefined) return unresolved("BUSY");
    const waitedMs = Math.round(performance.now() - askedMs);
    const { found, over } = byAnyWay({ ...lookup, withinMs: lookup.withinMs - waitedMs });
    // Kept until the lookup is really over, not only until nobody waits for it any more.
    void over.finally(release);
    const resolved = await found;
    const name = `${workspaceId} ${lookup.hostname}`;
    const isTooLate = resolved.kind === "unresolved" && resolved.code === "DNS_ETIMEOUT";
    const silent = isTooLate ? (silences.get(name) ?? 0) + 1 : 0;
    if (isTooLate) silences.set(name, silent);
    else silences.delete(name);
    // What was waited for here is not the name servers' fault, save of those that never answer.
    const isExcused = waitedMs > lookup.withinMs * MAX_OWN_SHARE && silent <= MAX_EXCUSED;
    return isTooLate && isExcused ? unresolved("BUSY") : resolved;
  };

  return {
    // Deliveries to one endpoint that begin together ask once.
    resolve: (workspaceId, hostname, ms) => {
      const withinMs = Math.max(1, Math.round(ms / TIME_STEP_MS)) * TIME_STEP_MS;
      const key = `${workspaceId} ${hostname} ${withinMs}`;
      const running = asked.get(key);
      if (running !== undefined) return running;
      const lookup = { ...options, hostname, withinMs, signal: closing.signal };
      const found = ask(workspaceId, lookup).finally(() => asked.delete(key));
      asked.set(key, found);
      return found;
    },
    close: () => closing.abort(),
  };
};

type Lookup = Pick<ResolverOptions, "servers" | "useSystemNames"> & {
  readonly hostname: string;
  readonly withinMs: number;
  readonly signal: AbortSignal;
};

type Asked = { readonly found: Promise<Resolved>; readonly over: Promise<unknown> };

const byAnyWay = (lookup: Lookup): Asked => {
  const { hostname, useSystemNames, withinMs } = lookup;
  // RFC 6761: there is no such name, and name servers need not be asked.
  if (/(^|\.)invalid$/.test(hostname)) return atOnce(Promise.resolve(unresolved("ENOTFOUND")));
  if (useSystemNames && /^[^.]+$|\.localhost$/.test(hostname)) return bySystem(hostname, withinMs);
  const byName = byDns(lookup);
  if (!useSystemNames) return byName;
  const found = byName.found.then(async (known) => {
    if (known.kind === "addresses") return known;
    const system = await bySystem(hostname, withinMs).found;
    return system.kind === "addresses" ? system : known;
  });
  return { found, over: Promise.all([found, byName.over]) };
};

const atOnce = (found: Promise<Resolved>): Asked => ({ found, over: found });

const bySystem = (hostname: string, withinMs: number): Asked => {
  const over = dns.lookup(hostname, { all: true }).then(
    (addresses): Resolved => ({ kind: "addresses", addresses }),
    (error: unknown) => unresolved(String((error as NodeJS.ErrnoException).code)),
  );
  return { found: within(withinMs, over, unresolved("ETIMEOUT")), over };
};

/** Both families. IPv4 comes first: more endpoints have it. */
const byDns = ({ hostname, servers, withinMs, signal }: Lookup): Asked => {
  const both = [4 as const, 6 as const].map((family) =>
    lookUpFamily({ hostname, family, servers, withinMs, signal }),
  );
  return { found: together(both), over: Promise.all(both) };
};

const together = async (both: readonly Promise<FamilyFound>[]): Promise<Resolved> => {
  const first = await Promise.race(both);
  const waitMs = first.kind === "addresses" ? RESOLUTION_DELAY_MS : undefined;
  const known = await Promise.all(
    both.map((one) => (waitMs === undefined ? one : within(waitMs, one, undefined))),
  );
  const addresses = known.flatMap((one) => (one?.kind === "addresses" ? one.addresses : []));
  if (addresses.length > 0) {
    const slow = both.filter((_, n) => known[n] === undefined);
    if (slow.length === 0) return { kind: "addresses", addresses };
    const later = Promise.all(slow).then((all) =>
      all.flatMap((one) => (one.kind === "addresses" ? one.addresses : [])),
    );
    return { kind: "addresses", addresses, later };
  }
  // "No addresses of this family" says less than what the other family's question came to.
  const codes = known.flatMap((one) => (one?.kind === "unresolved" ? [one.code] : []));
  return { kind: "unresolved", code: codes.find((c) => c !== "DNS_ENODATA") ?? "DNS_ENODATA" };
};
