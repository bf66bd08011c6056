/** A customer's headers for requests to their endpoint; names keep their spelling. */
export type RequestHeaders = Readonly<Record<string, string>>;

const MAX_HEADERS = 20;
/** Of far too many headers only the first ones are checked. */
const MAX_LOOKED_AT = 5 * MAX_HEADERS;
const MAX_NAME_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 4_096;
const MAX_TOTAL_CHARACTERS = 16 * 1024;

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/; // RFC 9110 token
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/; // visible ASCII, spaces and tabs inside
const JSON_CONTENT_TYPE = /^application\/json(?:\s*;\s*charset\s*=\s*"?[A-Za-z0-9_-]+"?)?$/i;

// Headers of the connection, of the platform, and those that metadata services require.
const REFUSED_NAMES = new Set(
  [
    "host content-length transfer-encoding te trailer connection keep-alive upgrade expect",
    "http2-settings accept-encoding user-agent date via forwarded x-real-ip metadata",
    "metadata-flavor __proto__ constructor prototype",
  ].flatMap((line) => line.split(" ")),
);

const REFUSED_PREFIXES = [
  "proxy- sec- x-forwarded- x-aws- x-amz- x-google- x-goog- x-azure- x-ms- webhook- ringback-",
].flatMap((line) => line.split(" "));

/** A problem of a set of headers; without `name` it is about all of them. */
export type HeaderProblem = { readonly name?: string; readonly message: string };

export const tooManyHeaders = (count: number): string | undefined =>
  count > MAX_HEADERS ? `${count} headers: at most ${MAX_HEADERS}` : undefined;

/**
 * All problems of a customer's headers; empty when they may be sent. Headers are checked when they are stored and
 * again when they are used.
 */
export const headerProblems = (headers: RequestHeaders): HeaderProblem[] => {
  const all = Object.entries(headers);
  const tooMany = tooManyHeaders(all.length);
  const entries = all.slice(0, MAX_LOOKED_AT);
  const problems: HeaderProblem[] = tooMany === undefined ? [] : [{ message: tooMany }];
  const total = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (total > MAX_TOTAL_CHARACTERS) {
    problems.push({ message: `${total} characters of headers: at most ${MAX_TOTAL_CHARACTERS}` });
  }
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    const lower = name.toLowerCase();
    const message = seen.has(lower)
      ? "is there twice"
      : (nameProblem(name) ?? valueProblem(lower, value));
    if (message !== undefined) problems.push({ name, message });
    seen.add(lower);
  }
  return problems;
};

const nameProblem = (name: string): string | undefined => {
  // As it was written: the lower case of some other letters, such as the Kelvin sign, is ASCII.
  if (name.length > MAX_NAME_CHARACTERS || !NAME.test(name)) {
    return `is not a header name (RFC 9110) of at most ${MAX_NAME_CHARACTERS} characters`;
  }
  const lower = name.toLowerCase();
  if (REFUSED_NAMES.has(lower) || REFUSED_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return "is set by the platform or steers the connection: it cannot be chosen";
  }
  return undefined;
};

const valueProblem = (lower: string, value: string): string | undefined => {
  if (value.length > MAX_VALUE_CHARACTERS) return `is over ${MAX_VALUE_CHARACTERS} characters`;
  if (!VALUE.test(value)) {
    return "must be visible ASCII, with spaces and tabs only inside, and not empty";
  }
  if (lower === "content-type" && !JSON_CONTENT_TYPE.test(value)) {
    return "must be application/json, with or without a charset";
  }
  return undefined;
};
