import { promises as dns, type LookupAddress } from "node:dns";

/** The addresses of one family that a name has, or why none was found out. */
export type FamilyFound =
  | { readonly kind: "addresses"; readonly addresses: readonly LookupAddress[] }
  | { readonly kind: "unresolved"; readonly code: string };

export type FamilyQuestion = {
  readonly hostname: string;
  readonly family: 4 | 6;
  /** The system's where it is left out. */
  readonly servers: readonly string[] | undefined;
  readonly withinMs: number;
  readonly signal: AbortSignal;
};

export const unresolved = (code: string): Extract<FamilyFound, { kind: "unresolved" }> => ({
  kind: "unresolved",
  code: `DNS_${code}`,
});

/** There is nothing, and another name server would say the same. */
const FINAL = new Set(["ENOTFOUND", "ENODATA"]);
const MIN_QUESTIONS = 2;
const MAX_QUESTIONS = 4;
/** Lost datagrams are asked for again after this, or a quarter of the time there is. */
const MAX_FIRST_WAIT_MS = 1_000;

/**
 * Asks the name servers in turn, and goes on listening to those that were asked before: c-ares itself
 * forgets a question when it asks the next, so that whoever takes longer than a try is never heard. A
 * resolver of its own for each question reads resolv.conf anew and waits no longer than this one waits.
 */
export const lookUpFamily = (question: FamilyQuestion): Promise<FamilyFound> =>
  new Promise((resolve) => {
    const { hostname, family, withinMs, signal } = question;
    const resolvers: dns.Resolver[] = [];
    let maxQuestions = MIN_QUESTIONS;
    let failed = 0;
    let next: NodeJS.Timeout | undefined;

    const end = (found: FamilyFound): void => {
      clearTimeout(next);
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      for (const resolver of resolvers.splice(0)) resolver.cancel();
      maxQuestions = 0;
      resolve(found);
    };
    const cancel = (): void => end(unresolved("ECANCELLED"));
    const timer = setTimeout(() => end(unresolved("ETIMEOUT")), withinMs);
    signal.addEventListener("abort", cancel, { once: true });

    const ask = async (): Promise<void> => {
      clearTimeout(next);
      const nth = resolvers.length;
      if (nth >= maxQuestions) return;
      const { resolver, servers } = resolverAt(nth, question);
      maxQuestions = Math.min(MAX_QUESTIONS, Math.max(MIN_QUESTIONS, servers));
      resolvers.push(resolver);
      const firstWaitMs = Math.min(MAX_FIRST_WAIT_MS, withinMs / 4);
      next = setTimeout(() => void ask(), firstWaitMs * (nth + 1));
      try {
        const found =
          family === 4 ? await resolver.resolve4(hostname) : await resolver.resolve6(hostname);
        end({ kind: "addresses", addresses: found.map((address) => ({ address, family })) });
      } catch (error) {
        const code = String((error as NodeJS.ErrnoException).code);
        failed += 1;
        if (FINAL.has(code) || failed === maxQuestions) end(unresolved(code));
        else if (failed === resolvers.length) void ask();
      }
    };
    void ask();
  });

/** The resolver for one question, and how many name servers there are. */
const resolverAt = (
  nth: number,
  { servers, withinMs }: FamilyQuestion,
): { readonly resolver: dns.Resolver; readonly servers: number } => {
  const timeout = Math.ceil(withinMs); // c-ares takes whole numbers alone
  const resolver = new dns.Resolver({ timeout, maxTimeout: timeout, tries: 1 });
  const all = servers ?? resolver.getServers();
  const one = all[nth % all.length];
  if (one !== undefined) resolver.setServers([one]);
  return { resolver, servers: all.length };
};
