import { expect, test } from "vitest";
import { checkCallbackUrl, type CallbackUrlPolicy } from "./callback-url.ts";

const PUBLIC: CallbackUrlPolicy = {
  allowInsecureHttp: false,
  allowedPrivateCidrs: [],
  allowedPorts: [443, 8443].map((port) => ({ first: port, last: port })),
};

const label63 = "a".repeat(63);
const host253 = `${"a".repeat(57)}.${label63}.${label63}.${label63}.com`;
const url2048 = `https://example.com/${"a".repeat(2_028)}`;

test.each<[string, string]>([
  ["https://example.com", "https://example.com/"],
  ["https://example.com/", "https://example.com/"],
  ["https://hooks.example.com/ringback/events?tenant=1&x=%20", ""],
  ["HTTPS://EXAMPLE.COM/Path", "https://example.com/Path"],
  ["https://example.com:443/a", "https://example.com/a"],
  ["https://example.com:8443/a", ""],
  ["https://example.com/a/../b/./c", "https://example.com/b/c"],
  ["https://example.com/a@b?c=d@e", ""],
  ["https://example.com?at=user@host", "https://example.com/?at=user@host"],
  ["https://example.com\\a", "https://example.com/a"],
  ['https://example.com/"quoted"', "https://example.com/%22quoted%22"],
  ["https://xn--mller-kva.example/", ""],
  ["https://sub_domain.example.com/", ""],
  ["https://ex%61mple.com/", "https://example.com/"],
  ["https://1.example/", ""],
  ["https://localhost.example.com/", ""],
  ["https://internal.example/", ""],
  ["https://mylocal.example/", ""],
  ["https://notlocalhost.com/", ""],
  [`https://${label63}.example.com/`, ""],
  [`https://${host253}/`, ""],
  [url2048, ""],
])("%s is accepted", (text, href) => {
  const expected = href === "" ? text : href;
  const { origin } = new URL(expected);
  expect(checkCallbackUrl(text, PUBLIC)).toEqual({ kind: "accepted", href: expected, origin });
});

const NO_SCHEME = "must begin with https://";
const NO_ASCII = "must be ASCII without spaces or control characters";
const USER_INFO = "must not carry a user name or password";
const LITERAL = "must name a host, not an IP address";
const RESERVED = "which is reserved and not public";
const LABEL = "has a host with a part that is empty or over 63 characters";

test.each<[string, string]>([
  ["", NO_ASCII],
  ["example.com/hook", NO_SCHEME],
  ["//example.com/hook", NO_SCHEME],
  ["/hook", NO_SCHEME],
  ["https:example.com", NO_SCHEME],
  ["https:/example.com", NO_SCHEME],
  ["https:///example.com", NO_SCHEME],
  ["https:\\\\example.com", NO_SCHEME],
  ["https://", NO_SCHEME],
  ["ftp://example.com/", NO_SCHEME],
  ["wss://example.com/", NO_SCHEME],
  ["file:///etc/passwd", NO_SCHEME],
  ["javascript:alert(1)", NO_SCHEME],
  ["data:text/plain,x", NO_SCHEME],
  ["http://example.com/", "must begin with https:// (http is switched off here)"],
  ["HTTP://example.com/", "must begin with https:// (http is switched off here)"],
  [" https://example.com/", NO_ASCII],
  ["https://example.com/ ", NO_ASCII],
  ["https://example.com/a b", NO_ASCII],
  ["https://exam\tple.com/", NO_ASCII],
  ["https://example.com/\n", NO_ASCII],
  ["https://example.com/\r\nx-evil: 1", NO_ASCII],
  ["https://example.com/\0", NO_ASCII],
  ["https://example.com/\u007f", NO_ASCII],
  ["https://müller.example/", NO_ASCII],
  ["https://１２７.0.0.1/", NO_ASCII],
  ["https://127。0。0。1/", NO_ASCII],
  ["https://example.com/ü", NO_ASCII],
  ["https://user@example.com/", USER_INFO],
  ["https://user:secret@example.com/", USER_INFO],
  ["https://:secret@example.com/", USER_INFO],
  ["https://@example.com/", USER_INFO],
  ["https://example.com@evil.example/", USER_INFO],
  ["https://example.com#", "must not have a fragment (#)"],
  ["https://example.com/a#b", "must not have a fragment (#)"],
  ["https://example.com:65535/", "names port 65535, which is not one of 443, 8443"],
  ["https://example.com:65536/", "is not a URL"],
  ["https://example.com:a/", "is not a URL"],
  ["https://exa mple.com/".replace(" ", "%20"), "is not a URL"],
  ["https://exa%00mple.com/", "is not a URL"],
  ["https://[::1/", "is not a URL"],
  ["https://1.2.3.4.5/", "is not a URL"],
  ["https://256.1.1.1/", "is not a URL"],
  ["https://127.0.0.1/", LITERAL],
  ["https://8.8.8.8/", LITERAL],
  ["https://127.1/", LITERAL],
  ["https://0/", LITERAL],
  ["https://2130706433/", LITERAL],
  ["https://0x7f.0.0.1/", LITERAL],
  ["https://0177.0.0.1/", LITERAL],
  ["https://127.0.0.1./", LITERAL],
  ["https://%31%32%37.0.0.1/", LITERAL],
  ["https://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1/", LITERAL],
  ["https://[::1]/", LITERAL],
  ["https://[::ffff:127.0.0.1]/", LITERAL],
  ["https://[2600::1]:8443/", LITERAL],
  ["https://example.com./", "has a host that ends with a dot"],
  ["https://localhost./", "has a host that ends with a dot"],
  ["https://a..example.com/", LABEL],
  ["https://.example.com/", LABEL],
  [`https://a${label63}.example.com/`, LABEL],
  [`https://a${host253}/`, "has a host over 253 characters"],
  ["https://intranet/", "names 'intranet', which is not a public host name"],
  ["https://localhost/", `names 'localhost', ${RESERVED}`],
  ["https://LOCALHOST:8443/", `names 'localhost', ${RESERVED}`],
  ["https://%6cocalhost/", `names 'localhost', ${RESERVED}`],
  ["https://app.localhost/", RESERVED],
  ["https://printer.local/", RESERVED],
  ["https://db.internal/", RESERVED],
  ["https://metadata.google.internal/", RESERVED],
  ["https://Metadata.Google.Internal/computeMetadata/v1/", RESERVED],
  ["https://router.home.arpa/", RESERVED],
  ["https://hidden.onion/", RESERVED],
  ["https://no.invalid/", RESERVED],
  ["https://api.default.svc/", RESERVED],
  ["https://api.default.svc.cluster.local/", RESERVED],
  [`${url2048}a`, "is 2049 characters long: at most 2048"],
  [`https://example.com/${'"'.repeat(1_000)}`, "is 3020 characters long: at most 2048"],
])("%s is refused: %s", (text, message) => {
  const checked = checkCallbackUrl(text, PUBLIC);
  expect(checked).toEqual({ kind: "refused", message: expect.stringContaining(message) });
});

test("what was accepted under one policy is judged anew under another", () => {
  const url = "http://127.0.0.1:8080/hook";
  const open = { ...PUBLIC, allowInsecureHttp: true, allowedPrivateCidrs: ["127.0.0.0/8"] };
  const first = checkCallbackUrl(url, open);
  expect(first.kind).toBe("accepted");
  expect(checkCallbackUrl(url, open)).toEqual(first);
  expect(checkCallbackUrl(url, PUBLIC).kind).toBe("refused");
  expect(checkCallbackUrl(url, { ...open, deniedCidrs: ["127.0.0.1/32"] }).kind).toBe("refused");
});

test("a URL with a query is not remembered, as that is a secret", () => {
  const twice = ["https://example.com/a", "https://example.com/a?key=1"].map((url) => [
    checkCallbackUrl(url, PUBLIC),
    checkCallbackUrl(url, PUBLIC),
  ]);
  expect(twice.map(([first, second]) => first === second)).toEqual([true, false]);
});
