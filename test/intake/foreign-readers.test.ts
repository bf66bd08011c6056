import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { Buffer } from "node:buffer";
import type { StoredMsg } from "@nats-io/jetstream";
import { readAgentState } from "@ringback/contracts/agents/agent-message";
import { attemptRecordSchema } from "@ringback/contracts/deliveries/attempt";
import { checkCallbackUrl } from "@ringback/contracts/address/callback-url";
import { isCidr } from "@ringback/contracts/address/address";
import { EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { deadLetterSchema } from "@ringback/contracts/deliveries/dead-letter";
import { parseDurationMs } from "@ringback/contracts/duration";
import { headersProblem } from "@ringback/contracts/events/event-headers";
import { operationSchema } from "@ringback/contracts/deliveries/operation";
import { parsePresenceSubject } from "@ringback/contracts/streams/presence-subject";
import { redeliveryJobSchema } from "@ringback/contracts/deliveries/redelivery-job";
import { headerProblems } from "@ringback/contracts/agents/request-headers";
import { markIn, requestRecordSchema } from "@ringback/contracts/streams/request-record";
import { readableParts, readDue, readRetry } from "@ringback/contracts/deliveries/retry-message";
import {
  parseDueRetrySubject,
  parseScheduledRetrySubject,
} from "@ringback/contracts/streams/retry-subjects";
import { parseStored } from "@ringback/contracts/secrets/sealed-text";
import { parseSigningSecret } from "@ringback/contracts/secrets/signing-secret";
import { parseEventSubject, parseSubscriptionSubject } from "@ringback/contracts/streams/subjects";
import { parseSuccessStatus } from "@ringback/contracts/agents/success-status";
import { readTraceContext } from "@ringback/contracts/trace-context";
import { urlParts } from "@ringback/contracts/address/url-parts";
import { cidrsSchema } from "@ringback/runtime/settings/delivery-settings";
import { durationListSchema } from "@ringback/runtime/settings/duration";
import { headerIn, storedHeaders } from "@ringback/runtime/nats/message-headers";
import { readNatsServers } from "@ringback/runtime/nats/servers";
import { readSealingKeys } from "@ringback/runtime/secrets/sealing-keys";
import { parseSettings, SettingsError } from "@ringback/runtime/settings/parse-settings";
import * as fc from "fast-check";
import { timesTooLong } from "../harness/cpu-time.ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { CliError } from "../../cli/src/cli-error.ts";
import { connectionFrom } from "../../cli/src/api/connection.ts";
import { momentIn } from "../../cli/src/options/moment.ts";
import { printable } from "../../cli/src/output/printable.ts";
import { dispatcherSettings } from "../../services/dispatcher/src/config.ts";
import { withoutEchoes } from "../../services/dispatcher/src/delivery/decide/redact-echoes.ts";
import { proxyResponseOf } from "../../services/dispatcher/src/send/decide/proxy-response.ts";
import { retryAfterMs } from "../../services/dispatcher/src/delivery/decide/retry-after.ts";
import { attemptSignals } from "../../services/dispatcher/src/endpoint-health/attempt-signals.ts";
import { responseHeads } from "../../services/dispatcher/src/send/response-heads.ts";
import { readApiKeyEntries } from "../../services/subscriptions/src/http/auth/api-key-entries.ts";
import { apiKeysOf, credentialsIn } from "../../services/subscriptions/src/http/auth/api-keys.ts";
import { authenticate } from "../../services/subscriptions/src/http/auth/authenticate.ts";
import { entityTagsIn } from "../../services/subscriptions/src/commands/decide/entity-tag.ts";
import { idempotencyKeyIn } from "../../services/subscriptions/src/idempotency/decide/key.ts";
import { positionIn } from "../../services/subscriptions/src/live/decide/position.ts";
import { agentCursor, rowCursor } from "../../services/subscriptions/src/http/pagination.ts";
import { momentSchema, severalOf } from "../../services/subscriptions/src/http/field-schemas.ts";

const KIB = 1024;
/** The request line and the headers of a request, and the headers of a message on NATS. */
const HTTP_HEAD = 16 * KIB;
const NATS_HEAD = 64 * KIB;
/** About what the longest record of ours has; nobody else may write where they are. */
const RECORD = 64 * KIB;

type Reader = {
  readonly maxBytes: number;
  readonly read: (text: string) => unknown;
  /** The one error that it is documented to throw. */
  readonly throws?: new (...args: never[]) => Error;
};

const AGENT = { workspaceId: "w1", agentId: "a1" };
const SINCE = momentSchema(() => new Date());
const STATUS = severalOf(z.enum(EVENT_STATUSES));
const POLICY = { allowInsecureHttp: false, allowedPrivateCidrs: [], allowedPorts: [] };
const SUBSCRIPTION = {
  headers: { Authorization: "Bearer 0123456789abcdef", Cookie: "sid=0123456789" },
  callback_url: "https://a.example.com/hook?token=0123%2b456789",
};
const LIVE = { attempts: createdAt(1), events: createdAt(1) };

const raw = (text: string): Buffer => Buffer.from(text, "utf8");
const each = (text: string) => (): string => text;
const storedWith = (text: string): StoredMsg =>
  ({ smr: { message: { hdrs: raw(text).toString("base64") } } }) as unknown as StoredMsg;

/** A record as it is read from a stream: a text is JSON or it is none. */
const record =
  (schema: { readonly safeParse: (value: unknown) => unknown }) =>
  (text: string): unknown => {
    try {
      return schema.safeParse(JSON.parse(text));
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  };

const READERS: Readonly<Record<string, Reader>> = {
  // HTTP headers and queries
  "If-Match": { maxBytes: HTTP_HEAD, read: entityTagsIn },
  "Idempotency-Key": { maxBytes: HTTP_HEAD, read: idempotencyKeyIn },
  "Last-Event-ID": { maxBytes: HTTP_HEAD, read: (text) => positionIn(text, LIVE) },
  traceparent: { maxBytes: HTTP_HEAD, read: (text) => readTraceContext(each(text)) },
  "X-API-KEY": {
    maxBytes: HTTP_HEAD,
    read: (key) => [
      authenticate(
        { "x-api-key": key },
        credentialsIn(() => apiKeysOf([])),
        0,
      ),
      authenticate(
        { authorization: `Bearer ${key}` },
        credentialsIn(() => apiKeysOf([])),
        0,
      ),
    ],
  },
  "cursor of agents": { maxBytes: HTTP_HEAD, read: agentCursor.decode },
  "cursor of a list": { maxBytes: HTTP_HEAD, read: rowCursor("events").decode },
  "since of a query": { maxBytes: HTTP_HEAD, read: (text) => SINCE.safeParse(text) },
  "status of a query": { maxBytes: HTTP_HEAD, read: (text) => STATUS.safeParse(text) },
  // fields of bodies
  callback_url: { maxBytes: 256 * KIB, read: (text) => checkCallbackUrl(text, POLICY) },
  "headers of a subscription": {
    maxBytes: 256 * KIB,
    read: (text) => headerProblems({ [text]: text, "X-A": text }),
  },
  timeout: { maxBytes: 256 * KIB, read: parseDurationMs },
  success_status: { maxBytes: 256 * KIB, read: parseSuccessStatus },
  "a signing secret": { maxBytes: 256 * KIB, read: parseSigningSecret },
  // messages on NATS
  "a retry": { maxBytes: NATS_HEAD, read: (text) => readRetry(AGENT, each(text)) },
  "a broken retry": {
    maxBytes: NATS_HEAD,
    read: (text) => [readableParts(each(text)), readDue(each(text))],
  },
  "raw headers": {
    maxBytes: NATS_HEAD,
    read: (text) => [headersProblem(raw(text)), headerIn(raw(text), "Nats-Msg-Id")],
  },
  "stored headers": {
    maxBytes: NATS_HEAD,
    read: (text) => readRetry(AGENT, storedHeaders(storedWith(text))),
  },
  "a subject": {
    maxBytes: 4 * KIB, // of a line of the protocol
    read: (text) => [
      parseEventSubject(text),
      parseSubscriptionSubject(text),
      parseDueRetrySubject(text),
      parseScheduledRetrySubject(text),
      parsePresenceSubject(text),
    ],
  },
  "an attempt": { maxBytes: RECORD, read: record(attemptRecordSchema) },
  "what an attempt says of an endpoint": {
    maxBytes: RECORD,
    read: (text) => attemptSignals(raw(text)),
  },
  "a dead letter": { maxBytes: RECORD, read: record(deadLetterSchema) },
  "an operation": { maxBytes: RECORD, read: record(operationSchema) },
  "a redelivery job": { maxBytes: RECORD, read: record(redeliveryJobSchema) },
  "a noted request": { maxBytes: RECORD, read: record(requestRecordSchema) },
  "a mark": { maxBytes: RECORD, read: (text) => markIn(raw(text)) },
  "an agent": {
    maxBytes: RECORD,
    read: (text) => readAgentState(AGENT, raw(text)),
  },
  "a sealed text": { maxBytes: 256 * KIB, read: parseStored },
  "a stored URL": { maxBytes: 256 * KIB, read: urlParts },
  // answers of endpoints and proxies
  "Retry-After": { maxBytes: 32 * KIB, read: (text) => retryAfterMs(text, 0) },
  "the body of an answer": {
    maxBytes: 3 * KIB,
    read: (text) =>
      withoutEchoes({ headers: { server: text.slice(0, 512) }, body_excerpt: text }, SUBSCRIPTION),
  },
  "the head of an answer": {
    maxBytes: 32 * KIB,
    read: (text) => {
      const heads = responseHeads();
      heads.expectOne();
      return [heads.take(raw(text)), heads.take(raw(`HTTP/1.1 200 OK\r\n${text}\r\n\r\n`))];
    },
  },
  "a proxy's answer": { maxBytes: 16 * KIB, read: (text) => proxyResponseOf(text, false) },
  // files, settings and the command line
  "API keys": { maxBytes: 256 * KIB, read: readApiKeyEntries },
  "header keys": { maxBytes: 256 * KIB, read: readSealingKeys },
  NATS_URL: { maxBytes: 4 * KIB, read: readNatsServers },
  ALLOWED_PRIVATE_CIDRS: { maxBytes: 4 * KIB, read: (text) => cidrsSchema.safeParse(text) },
  "an address": { maxBytes: 128 * KIB, read: isCidr },
  RETRY_DELAYS: { maxBytes: 4 * KIB, read: (text) => durationListSchema.safeParse(text) },
  "all settings": {
    maxBytes: 512, // each wrong part is told with the whole
    read: (text) =>
      parseSettings(
        dispatcherSettings,
        Object.fromEntries(Object.keys(dispatcherSettings).map((name) => [name, text])),
      ),
    throws: SettingsError,
  },
  "--since": {
    maxBytes: 128 * KIB,
    read: (text) => momentIn("--since", text, 0),
    throws: CliError,
  },
  "--api": {
    maxBytes: 128 * KIB,
    read: (text) => connectionFrom({ api: text, key: text }, {}),
    throws: CliError,
  },
  "what the command line prints": { maxBytes: 256 * KIB, read: printable },
};

/** What readers take apart, and what makes some of them go back. */
const PIECES = [
  Array.from(
    " \t\r\n\0\"'\\/,;:=&?#%+-_.~*@<>()[]{}|^`$!09aAzZ\u00E4\u00DF\u0130\u212A\uD800\u{1F600}",
  ),
  ["%2b", "%u0041", "\\u0041", "&#x41;", "&amp;", "\r\n", "\\\\", '"a",', "W/", "rb_", "evt_"],
  ["2026-01-01T00:00:00Z", "1s", "10.0.0.0/8", "::", "https://a.b/", "Bearer ", "events.w1."],
  ["Nats-Msg-Id: 1\r\n", "Ringback-Attempt: 1\r\n", "__proto__", "HTTP/1.1 100 \r\n\r\n"],
  ['{"', '":', "[0,", "null", "1e999", "0123456789abcdef", "content-length: 1\r\n"],
].flat();

/** Texts of the largest size: one or two pieces over and over between others, or texts of any kind. */
const textsOf = (maxBytes: number): fc.Arbitrary<string> => {
  const some = fc.array(fc.constantFrom(...PIECES), { maxLength: 4 }).map((all) => all.join(""));
  const long = fc
    .tuple(some, fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 2 }), some)
    .map(([begin, pieces, end]) => {
      const piece = pieces.join("");
      const times = Math.floor((maxBytes - 200) / Buffer.byteLength(piece));
      return `${begin}${piece.repeat(Math.max(1, times))}${end}`;
    });
  const json = fc.json({ maxDepth: 4 });
  return fc.oneof(
    { weight: 3, arbitrary: long },
    some,
    fc.string({ unit: "binary", maxLength: 200 }),
    json,
  );
};

test.each(Object.entries(READERS))(
  "%s: whatever it says, it is read in time, and nothing is thrown that is not documented",
  async (_name, { maxBytes, read, throws }) => {
    const readOrRefuse = (text: string): void => {
      try {
        read(text);
      } catch (error) {
        if (throws === undefined || !(error instanceof throws)) throw error;
      }
    };
    await fc.assert(
      fc.asyncProperty(textsOf(maxBytes), async (text) => {
        expect(await timesTooLong(() => readOrRefuse(text))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 20, endOnFailure: true },
    );
  },
);
