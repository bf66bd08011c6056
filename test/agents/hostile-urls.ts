/** One for each word. */
const words = (text: string): string[] => text.trim().split(/\s+/);

const LONG = "a".repeat(63);

/** Callback URLs that are refused (422), by what is wrong with them. */
export const REFUSED_URLS: readonly (readonly [string, readonly string[]])[] = [
  [
    "another scheme, or none",
    [
      ...words(`
      example.com //example.com/ /hook https https: https:// https:/ https:example.com
      https:/example.com/ https:///example.com/ http://example.com/ HTTP://example.com/
      ftp://example.com/ file:///etc/passwd gopher://example.com/ javascript:alert(1)
      data:text/plain,x ws://example.com/ wss://example.com/ blob:https://example.com/1
      httpss://example.com/ about:blank`),
      "",
      " ",
      "https:\\\\example.com/",
    ],
  ],
  [
    "characters that readers of URLs disagree about",
    [
      "https://exa mple.com/",
      " https://example.com/",
      "https://example.com/ ",
      "https://example.com/a b",
      "https://exam\tple.com/",
      "https://example.com/\n",
      "h\nttps://example.com/",
      "https://example.com\r\nHost: a/",
      "https://example.com/\0",
      "\0https://example.com/",
      "https://example.com/\u007f",
      "https://example.com/\u0001",
      "https://exämple.com/",
      "https://example.com/ä",
      "https://example。com/",
      "https://ｅxample.com/",
      "https://①②⑦.0.0.1/",
      "https://example.com/\ud800",
      "https://example.com/\u202e",
      "https://example.com/\u200b",
      "https://example.com/😀",
      "https://example.com/\ufeff",
    ],
  ],
  [
    "a user, a password or a fragment",
    [
      ...words(`
      https://user@example.com/ https://user:password@example.com/
      https://:password@example.com/ https://@example.com/ https://:@example.com/
      https://a@b@example.com/ https://example.com@127.0.0.1/ https://127.0.0.1@example.com/
      https://user%40@example.com/ https://example.com/# https://example.com/#top
      https://example.com#@127.0.0.1/ https://example.com/?a#b`),
    ],
  ],
  [
    "an address in any spelling",
    [
      ...words(`
      https://127.0.0.1/ https://127.1/ https://127.0.1/ https://2130706433/
      https://0x7f000001/ https://0x7f.1/ https://0177.0.0.1/ https://017700000001/ https://0/
      https://0.0.0.0/ https://10.0.0.1/ https://172.16.0.1/ https://192.168.0.1/
      https://169.254.169.254/latest/meta-data/ https://100.64.0.1/ https://168.63.129.16/
      https://100.100.100.200/ https://255.255.255.255/ https://8.8.8.8/ https://1.1.1.1:8443/
      https://127.0.0.1:443/ https://127.0.0.1./ https://%31%32%37.0.0.1/
      https://127.0.0.1%2f@example.com/ https://[::1]/ https://[::]/
      https://[::ffff:127.0.0.1]/ https://[::ffff:7f00:1]/ https://[::127.0.0.1]/
      https://[fd00:ec2::254]/ https://[fe80::1]/ https://[fe80::1%25eth0]/
      https://[64:ff9b::7f00:1]/ https://[2002:7f00:1::]/ https://[2606:4700:4700::1111]/
      https://[0:0:0:0:0:0:0:1]/ https://[::1/ https://::1/ https://256.256.256.256/
      https://1.2.3.4.5/ https://0x/ https://4294967296/`),
    ],
  ],
  [
    "a name that is not public",
    [
      ...words(`
      https://localhost/ https://LOCALHOST/ https://a.localhost/ https://localhost:8443/
      https://localhost./ https://printer.local/ https://db.internal/
      https://metadata.google.internal/ https://router.home.arpa/ https://x.onion/
      https://x.invalid/ https://api.default.svc/ https://api.default.svc.cluster.local/
      https://intranet/ https://receiver:443/ https://example.com./ https://example.com..:443/
      https://.example.com/ https://a..example.com/ https://./ https://../ https://-/
      https://%6cocalhost/`),
    ],
  ],
  [
    "a port that is not allowed, or none at all",
    [
      ...words(`
      https://example.com:80/ https://example.com:22/ https://example.com:25/
      https://example.com:4222/ https://example.com:8080/ https://example.com:8444/
      https://example.com:0/ https://example.com:1/ https://example.com:65535/
      https://example.com:65536/ https://example.com:-1/ https://example.com:443x/
      https://example.com:0x1bb/ https://example.com:443:443/`),
      "https://example.com:４４３/",
    ],
  ],
  [
    "too long, or with a host that is",
    [
      `https://example.com/${"a".repeat(2_048)}`,
      `https://${LONG}a.example.com/`,
      `https://${`${LONG}.`.repeat(4)}example.com/`,
      `https://example.com/?${'"'.repeat(1_000)}`,
    ],
  ],
  [
    "what no DNS name has",
    [
      ...words(`
      https://exa<mple.com/ https://exa^mple.com/ https://exa|mple.com/
      https://exa%00mple.com/ https://exa%2fmple.com/ https://exa%23mple.com/
      https://[example.com]/ https://xn--a/`),
    ],
  ],
  [
    "a query that stands for one that was not shown, or is the platform's own form",
    [
      "https://example.com/?<redacted>",
      "https://example.com/?%3Credacted%3E",
      "https://example.com/?enc:v1:k:AAAA",
    ],
  ],
];

/** Callback URLs that are taken (200), and the form in which they are stored where it is another. */
export const ACCEPTED_URLS: readonly (readonly [string, string?])[] = [
  ["https://example.com", "https://example.com/"],
  ["https://example.com/"],
  ["HTTPS://EXAMPLE.COM/Hook", "https://example.com/Hook"],
  ["https://example.com:443/", "https://example.com/"],
  ["https://example.com:8443/"],
  ["https://example.com:00443/", "https://example.com/"],
  ["https://example.com/a/../b", "https://example.com/b"],
  ["https://example.com/%2e%2e/b", "https://example.com/b"],
  ["https://example.com\\hook", "https://example.com/hook"],
  ["https://example.com/a\\b", "https://example.com/a/b"],
  ["https://example.com/?"],
  ["https://example.com/?a=1&b=%20&c=@"],
  ["https://example.com/?url=https://127.0.0.1/"],
  ["https://example.com/@user:password/"],
  ["https://127.0.0.1.example.com/"],
  ["https://localhost.example.com/"],
  ["https://example.local.com/"],
  ["https://a.b.c.d.example.com/"],
  ["https://xn--exmple-cua.com/"],
  ["https://under_score.example.com/"],
  ["https://1.example.com/"],
  [`https://${LONG}.example.com/`],
  ["https://example.com/%00"],
  ["https://example.com/%0d%0aHost:%20a"],
  ["https://example.com/{id}", "https://example.com/%7Bid%7D"],
  ["https://example.com/''", "https://example.com/''"],
];
