/**
 * Who may import whom (`npm run layers`). A folder of a service is a stage of an event's way or a feature;
 * imports go one way, and one for a type alone counts as any other. Paths are regular expressions.
 */

const TEST = "\\.(test|long|load)\\.ts$";
const SERVICE = "^services/([^/]+)/src/";
const CONTRACTS = "^libs/contracts/src/";
const DISPATCHER = "^services/dispatcher/src/";
const SUBSCRIPTIONS = "^services/subscriptions/src/";

const npm = (...names) => `(^|/)node_modules/(${names.join("|")})/`;
const builtin = (...names) => `^(node:)?(${names.join("|")})$`;

/** Files of product code below `path`, but those below one of `others`. */
const product = (path, ...others) => ({ path, pathNot: [TEST, ...others] });

/** Whatever matches `from` imports nothing that matches `to`. */
const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

/** Files of contracts that runtime may know: it has no word of what is delivered. */
const CONTRACTS_OF_RUNTIME = [
  "streams/(subjects|subject-ids|retry-subjects|presence-subject|lease-subjects|stream-origin)",
  "events/event-(check|types)",
  "deliveries/retry-message",
  "address/(address|ports)",
  "secrets/sealed-text",
  "duration",
  "likeness",
  "trace-context",
];

/** What each folder of the dispatcher may import of its service. The root may import all of them. */
const DISPATCHER_FOLDERS = {
  "send/": [],
  "limits/": [],
  "delivery/": ["limits/", "send/"],
  "observe/": [],
  "settle/": ["delivery/", "metrics.ts"],
  "subscriptions/": [],
  "tracing/": ["delivery/", "settle/", "intake/take-message.ts"],
  "repair/": ["delivery/", "settle/", "observe/decide/", "metrics.ts"],
  "endpoint-health/": ["delivery/", "send/result.ts", "settle/", "metrics.ts"],
  "order/": ["delivery/", "settle/", "subscriptions/", "metrics.ts"],
  "intake/": ["delivery/", "limits/", "order/", "settle/", "metrics.ts"],
};

/** What those folders of the subscriptions service that serve every feature may import of it. */
const SUBSCRIPTIONS_FOLDERS = {
  "sight/": [],
  "streams/": ["sight/"],
  "http/": ["sight/", "streams/", "metrics.ts"],
  "idempotency/": ["sight/", "streams/"],
  "projection/": ["sight/", "streams/"],
  "commands/": ["sight/", "streams/", "http/", "idempotency/"],
};

const onlyThese = (service, allowed) =>
  Object.entries(allowed).map(([folder, others]) =>
    forbid(
      `${folder.slice(0, -1)}-imports`,
      `of its service, ${folder} imports ${others.length === 0 ? "nothing" : others.join(", ")}`,
      product(service + folder),
      { path: service, pathNot: [folder, ...others].map((path) => service + path) },
    ),
  );

const everywhere = [
  forbid(
    "no-circular",
    "files that import each other, be it for types, cannot be read one after another",
    {},
    { circular: true },
  ),
  forbid(
    "no-orphans",
    "nobody imports this file, and it imports nobody",
    { orphan: true, pathNot: TEST },
    {},
  ),
  forbid(
    "no-unresolvable",
    "no rule is held against an import that is not found",
    {},
    { couldNotResolve: true },
  ),
  forbid(
    "no-tests-in-product",
    "product code imports no tests, scripts or benchmarks",
    product("^(libs|services|cli)/"),
    { path: [TEST, "^(test|scripts|bench)/"] },
  ),
];

const packages = [
  forbid(
    "contracts-are-pure",
    "contracts import zod, ipaddr.js, lru-cache and Node's buffers, addresses and hashes",
    product(CONTRACTS),
    {
      pathNot: [
        CONTRACTS,
        npm("zod", "ipaddr\\.js", "lru-cache"),
        builtin("buffer", "crypto", "net"),
      ],
    },
  ),
  forbid(
    "decisions-are-pure",
    "decisions import contracts, zod, each other, and what a request and its result are",
    product("^services/([^/]+)/src.*/decide/"),
    {
      pathNot: [
        CONTRACTS,
        npm("zod"),
        "^services/$1/src.*/decide/",
        `${DISPATCHER}send/(request|result)\\.ts$`,
      ],
    },
  ),
  forbid(
    "runtime-without-domain",
    "of contracts, runtime imports names of streams and the forms of what every program reads",
    product("^libs/runtime/"),
    { path: CONTRACTS, pathNot: `${CONTRACTS}(${CONTRACTS_OF_RUNTIME.join("|")})\\.ts$` },
  ),
  forbid(
    "libraries-below-services",
    "libraries and the command line import no service, and libraries no command line",
    { path: "^(libs|cli)/" },
    { path: "^(services|cli)/", pathNot: "^$1/" },
  ),
  forbid(
    "cli-on-contracts",
    "of the libraries, the command line imports contracts",
    product("^cli/"),
    { path: "^libs/", pathNot: CONTRACTS },
  ),
  forbid(
    "services-apart",
    "services never import each other, nor do their tests",
    { path: SERVICE },
    { path: "^services/", pathNot: "^services/$1/" },
  ),
  forbid(
    "root-is-the-top",
    "the root of a service puts its folders together: they import nothing of it but metrics.ts",
    product(`${SERVICE}[^/]+/`),
    { path: "^services/$1/src/[^/]+$", pathNot: "/metrics\\.ts$" },
  ),
  forbid(
    "console-on-the-api",
    "the console knows the API by its document alone, and nothing imports the console",
    { path: "^console/" },
    { path: "^(libs|services|cli|test|scripts)/" },
  ),
  forbid(
    "console-apart",
    "nothing imports the console: the service serves it as files",
    { path: "^(libs|services|cli)/" },
    { path: "^console/" },
  ),
  forbid("entries", "a program's entry is started and never imported", product(""), {
    path: "^(services|cli)/.*\\bmain\\.ts$",
  }),
];

const dispatcher = [
  ...onlyThese(DISPATCHER, DISPATCHER_FOLDERS),
  forbid(
    "delivery-without-nats",
    "delivery/ decides what is sent and what comes of it, and neither reads nor writes streams",
    product(`${DISPATCHER}delivery/`),
    { path: [npm("@nats-io/[^/]+"), "^libs/runtime/src/(nats|streams)/"] },
  ),
  forbid(
    "delivery-by-its-types",
    "what runs beside the deliveries reads their records: of delivery/ it takes types and decisions",
    product(`${DISPATCHER}(repair|endpoint-health)/`),
    {
      path: `${DISPATCHER}delivery/`,
      pathNot: `${DISPATCHER}delivery/decide/`,
      dependencyTypesNot: ["type-only"],
    },
  ),
];

const subscriptions = [
  ...onlyThese(SUBSCRIPTIONS, SUBSCRIPTIONS_FOLDERS),
  forbid(
    "http-at-the-edge",
    "only routes and the HTTP frame know fastify and problem+json; features return rejections",
    product(`${SERVICE}[^/]+/`, "/routes/", `${SUBSCRIPTIONS}http/`),
    {
      path: [
        npm("fastify", "fastify-type-provider-zod", "@fastify/[^/]+"),
        `${SUBSCRIPTIONS}http/problem\\.ts$`,
      ],
    },
  ),
  forbid(
    "routes-of-their-own",
    "a feature imports no other feature's routes; commands run alike, a list shows records as the other's responses do",
    product(`${SUBSCRIPTIONS}([^/]+)/`, `${SUBSCRIPTIONS}http/`),
    {
      path: `${SUBSCRIPTIONS}[^/]+/routes/`,
      pathNot: [
        `${SUBSCRIPTIONS}$1/`,
        `${SUBSCRIPTIONS}commands/routes/`,
        `${SUBSCRIPTIONS}events/routes/[a-z-]+-(response|examples)\\.ts$`,
      ],
    },
  ),
  forbid(
    "routes-above-their-feature",
    "a feature works without its routes",
    product(`${SUBSCRIPTIONS}[^/]+/`, "/routes/", `${SUBSCRIPTIONS}http/`),
    { path: `${SUBSCRIPTIONS}[^/]+/routes/` },
  ),
];

/** @type {import("dependency-cruiser").IConfiguration} */
// oxlint-disable-next-line import/no-default-export
export default {
  forbidden: [...everywhere, ...packages, ...dispatcher, ...subscriptions],
  options: {
    // TypeScript 7 has no API that could be asked. swc reads imports for types as all others.
    parser: "swc",
    doNotFollow: { path: ["node_modules", "^(test|scripts|bench)/"] },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".js", ".json"],
    },
  },
};
