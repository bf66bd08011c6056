/** Who signed in, by what the provider says of them. */
export type Person = {
  /** The e-mail address, or the provider's own id: what they do is theirs by it. */
  readonly subject: string;
  readonly name: string | undefined;
};

const MAX_SUBJECT = 320;
const MAX_NAME = 120;

/** Control characters and those that turn the direction of a text: names stand in logs and lists. */
const UNUSABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

type Claims = Readonly<Record<string, unknown>>;

/**
 * The person in these claims. An address that the provider says is not verified is nobody's: then the provider's own id
 * stands for them. Undefined: there is not even an id.
 */
export const personIn = (claims: Claims): Person | undefined => {
  const { email, email_verified: isVerified, sub, name } = claims;
  const address = isVerified === false || isVerified === "false" ? undefined : textIn(email);
  const isAddress = address !== undefined && /^[^\s@]+@[^\s@]+$/.test(address);
  const subject = isAddress ? address : textIn(sub);
  if (subject === undefined || subject.length > MAX_SUBJECT) return undefined;
  return { subject, name: textIn(name)?.slice(0, MAX_NAME) };
};

/** A claim as one line of text; undefined for what is none. */
const textIn = (claim: unknown): string | undefined => {
  if (typeof claim !== "string") return undefined;
  const text = claim.replaceAll(UNUSABLE, "").trim();
  return text === "" ? undefined : text;
};

const MAX_GROUPS = 5_000;

/** The groups in a claim, which is a list or one name; undefined: the claim is not there. */
export const groupsIn = (claims: Claims, claim: string): ReadonlySet<string> | undefined => {
  const value = claims[claim];
  if (typeof value === "string") return new Set([value]);
  if (!Array.isArray(value)) return undefined;
  const names = value.slice(0, MAX_GROUPS).filter((name) => typeof name === "string");
  return new Set(names);
};
