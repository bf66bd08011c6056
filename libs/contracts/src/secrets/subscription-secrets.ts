import type { EventType } from "../events/event-types.ts";
import { looksSealed, REDACTED, type Sealer, type SealingContext } from "./sealed-text.ts";
import { redactedSigningKey, type RedactedSigningKey, type SigningKey } from "./signing-key.ts";
import type { AgentAddress } from "../streams/subjects.ts";
import type { Subscription } from "../agents/subscription.ts";

export type { Sealer, SealingContext };

/** No header has this name (RFC 9110 token), so that no header's value opens as a query. */
const QUERY = "?";
/** Nor this one; the key's id follows. */
const SIGNING_SECRET = "signing secret";

/** The URL with its query replaced, if it has one. */
const mapQuery = (url: string, replace: (query: string) => string): string => {
  const start = url.indexOf("?") + 1;
  if (start === 0 || start === url.length) return url;
  return `${url.slice(0, start)}${replace(url.slice(start))}`;
};

type Replace = (text: string, context: SealingContext) => string;

/** Whose secrets these are: the first three parts of their context. */
export type SecretsOwner = readonly [string, string, string];

/** The owner of the secrets of an agent's subscription. */
export const subscriptionOwner = (
  { workspaceId, agentId }: AgentAddress,
  eventType: EventType,
): SecretsOwner => [workspaceId, agentId, eventType];

/** The subscription with each secret replaced: header values, the URL's query, signing secrets. */
const mapSecrets = (
  owner: SecretsOwner,
  subscription: Subscription,
  replace: Replace,
): Subscription => {
  const { signing } = subscription;
  return {
    ...mapTexts(subscription, (text, name) => replace(text, [...owner, name])),
    ...(signing && { signing: signing.map((key) => mapKey(owner, key, replace)) }),
  };
};

/** Header values and the URL's query replaced; `name` is the lower-case name of a header, or `QUERY`. */
const mapTexts = <S extends Pick<Subscription, "callback_url" | "headers">>(
  subscription: S,
  replace: (text: string, name: string) => string,
): S => ({
  ...subscription,
  callback_url: mapQuery(subscription.callback_url, (query) => replace(query, QUERY)),
  headers: Object.fromEntries(
    Object.entries(subscription.headers).map(([name, value]) => [
      name,
      replace(value, name.toLowerCase()),
    ]),
  ),
});

const mapKey = (owner: SecretsOwner, key: SigningKey, replace: Replace): SigningKey => ({
  ...key,
  secret: replace(key.secret, [...owner, SIGNING_SECRET, key.id]),
});

const sealWith =
  ({ seal }: Pick<Sealer, "seal">): Replace =>
  (text, context) =>
    looksSealed(text) ? text : seal(text, context);

/** The subscription as it is stored. Secrets that could not be opened stay sealed. */
export const sealSubscription = (
  owner: SecretsOwner,
  subscription: Subscription,
  sealer: Pick<Sealer, "seal">,
): Subscription => mapSecrets(owner, subscription, sealWith(sealer));

/** A signing key of one owner as it is stored. */
export const sealSigningKey = (
  owner: SecretsOwner,
  key: SigningKey,
  sealer: Pick<Sealer, "seal">,
): SigningKey => mapKey(owner, key, sealWith(sealer));

const nameOf = ([, , , name = "", id]: SealingContext): string => {
  if (name === QUERY) return "the query of callback_url";
  return id === undefined ? `header '${name}'` : `${name} '${id}'`;
};

export type OpenedSubscription = {
  /** Secrets that could not be opened are still sealed. */
  readonly subscription: Subscription;
  /** A sentence for each secret that could not be opened, with its name. */
  readonly problems: readonly string[];
};

/** A stored subscription with its secrets opened. */
export const openSubscription = (
  owner: SecretsOwner,
  subscription: Subscription,
  { open }: Pick<Sealer, "open">,
): OpenedSubscription => {
  const problems: string[] = [];
  const opened = mapSecrets(owner, subscription, (stored, context) => {
    const result = open(stored, context);
    if (result.kind === "opened") return result.text;
    problems.push(`${nameOf(context)}: ${result.message}`);
    return stored;
  });
  return { subscription: opened, problems };
};

/** True when no secret of a stored subscription needs to be sealed again. */
export const isSealedNow = (
  owner: SecretsOwner,
  subscription: Subscription,
  { isCurrent }: Pick<Sealer, "isCurrent">,
): boolean => {
  let isAll = true;
  mapSecrets(owner, subscription, (stored) => {
    isAll &&= isCurrent(stored);
    return stored;
  });
  return isAll;
};

const redacted = (text: string, maySeeSecrets: boolean): string =>
  maySeeSecrets && !looksSealed(text) ? text : REDACTED;

export type RedactedSubscription = Omit<Subscription, "signing"> & {
  readonly signing?: RedactedSigningKey[];
};

/**
 * The subscription for a response: callers with the permission see the opened secrets, others only that they exist.
 * No response holds signing secrets.
 */
export const redactedSubscription = (
  { signing, ...subscription }: Subscription,
  maySeeSecrets: boolean,
): RedactedSubscription => ({
  ...mapTexts(subscription, (text) => redacted(text, maySeeSecrets)),
  ...(signing && { signing: signing.map(redactedSigningKey) }),
});

/** The same for a callback URL: its query is a secret. */
export const redactedUrl = (url: string, maySeeSecrets: boolean): string =>
  mapQuery(url, (query) => redacted(query, maySeeSecrets));

/** The reason to refuse a secret's value, or undefined. */
export const secretValueProblem = (text: string): string | undefined => {
  if (text === REDACTED) {
    return `'${REDACTED}' stands for a value that was not shown: send the value itself, or leave out what is to stay`;
  }
  return looksSealed(text)
    ? "must not begin like an encrypted value ('enc:v1:…'): that form is the platform's own"
    : undefined;
};

/** The same for a callback URL's query; the parser escapes the angle brackets. */
export const queryProblem = (url: string): string | undefined => {
  const start = url.indexOf("?") + 1;
  const query = start === 0 ? "" : url.slice(start);
  const isRedacted = /^(<|%3C)redacted(>|%3E)$/i.test(query);
  const problem = secretValueProblem(isRedacted ? REDACTED : query);
  return problem === undefined ? undefined : `has a query that cannot be stored: ${problem}`;
};
