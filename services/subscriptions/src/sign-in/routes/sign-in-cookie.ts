/**
 * The name of the cookie. `__Host-` lets nobody set it but this host itself, over TLS (RFC 6265bis section 4.1.3); without
 * TLS, on a developer's machine, browsers would refuse it.
 */
const nameOf = (isSecure: boolean): string =>
  isSecure ? "__Host-ringback-sign-in" : "ringback-sign-in";

/** As long as a sign-in that has begun. */
const MAX_AGE_SECONDS = 600;

/** `Lax`: the browser sends it as it comes back from the provider, and with nothing that another site makes it send. */
const attributes = (isSecure: boolean, maxAgeSeconds: number): string =>
  `Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;

/** `Set-Cookie` of a sign-in that begins. */
export const newCookie = (value: string, isSecure: boolean): string =>
  `${nameOf(isSecure)}=${value}; ${attributes(isSecure, MAX_AGE_SECONDS)}`;

/** `Set-Cookie` of one that is over. */
export const deletedCookie = (isSecure: boolean): string =>
  `${nameOf(isSecure)}=; ${attributes(isSecure, 0)}`;

/** The cookie's value in a `Cookie` header. Undefined where there are several: somebody else has set one of them. */
export const cookieIn = (header: string | undefined, isSecure: boolean): string | undefined => {
  const prefix = `${nameOf(isSecure)}=`;
  const values = (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
    .map((pair) => pair.slice(prefix.length));
  return values.length === 1 ? values[0] : undefined;
};
