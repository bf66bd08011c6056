import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { formatSigningSecret } from "@ringback/contracts/secrets/signing-secret";
import { requestFor } from "../../services/dispatcher/src/delivery/decide/request.ts";
import { signatures } from "../../services/dispatcher/src/delivery/sign.ts";

/** A request as a receiver gets it. */
export interface ReceiverRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export const newSecret = (): string => formatSigningSecret("v1", randomBytes(32));

/** What printing it again changes: spaces, escapes, and a number that JavaScript cannot hold. */
const BODY =
  ' {"event_type":"call_completed", "call_id":"c-42", "text":"Aé/😀\\u0041", "big":9007199254740993}\n';

/** The call whose event the tests' `handleEvent` fails to handle. */
export const FAILING_CALL = "c-fails";

let events = 0;

/** The request that the dispatcher would make `secondsAgo`, for an event of its own. */
export const signedRequest = (secret: string, text = BODY, secondsAgo = 0): ReceiverRequest => {
  const nowMs = Date.now() - secondsAgo * 1_000;
  const created_at = new Date(nowMs).toISOString();
  const { headers } = requestFor(
    {
      event_type: "call_completed",
      callback_url: "https://crm.example.com/calls",
      headers: {},
      method_type: "POST",
      signing: [{ id: "k1", scheme: "v1", secret, created_at }],
    },
    {
      eventId: `evt_t85s00_${(events += 1)}`,
      eventType: "call_completed",
      attempt: 1,
      nowMs,
      userAgent: "Ringback/1.2.3",
      body: Buffer.from(text),
      sign: signatures,
    },
  );
  return { headers, body: Buffer.from(text) };
};

/** What is sent to each receiver, the status that it has to respond with, and whether it may do its work. */
const casesFor = (secret: string) => {
  const right = signedRequest(secret);
  const altered = Buffer.from(BODY);
  altered[2] = 0x27;
  const { "webhook-signature": _, ...unsigned } = right.headers;
  const fails = JSON.stringify({ event_type: "call_completed", call_id: FAILING_CALL });
  return [
    { title: "as it was sent", request: right, status: 200, isHandled: true },
    { title: "once more", request: right, status: 200, isHandled: true },
    { title: "whose work fails", request: signedRequest(secret, fails), status: 500 },
    { title: "of another secret", request: signedRequest(newSecret()), status: 401 },
    { title: "with another byte", request: { ...right, body: altered }, status: 401 },
    { title: "parsed and printed", request: { ...right, body: reprinted(BODY) }, status: 401 },
    { title: "of six minutes ago", request: signedRequest(secret, BODY, 360), status: 401 },
    { title: "of the future", request: signedRequest(secret, BODY, -360), status: 401 },
    { title: "without signature", request: { ...right, headers: unsigned }, status: 401 },
    { title: "without body", request: { ...right, body: Buffer.alloc(0) }, status: 401 },
  ];
};

const reprinted = (text: string): Buffer => Buffer.from(JSON.stringify(JSON.parse(text)));

type Send = (request: ReceiverRequest) => Promise<Response>;

/** Sends all cases; gives what was not as it has to be, and the ids whose work was to be done. */
export const differencesOf = async (secret: string, send: Send) => {
  const cases = casesFor(secret);
  const wrong: string[] = [];
  for (const { title, request, status } of cases) {
    const response = await send(request);
    const text = await response.text();
    if (response.status !== status) wrong.push(`${title}: ${response.status} ${text}`);
    if (/ at .+:\d+/.test(text)) wrong.push(`${title}: shows a stack: ${text}`);
  }
  const toHandle = cases.filter(({ isHandled }) => isHandled === true);
  return { wrong, toHandle: toHandle.map(({ request }) => request.headers["webhook-id"]) };
};

/** A request to `/calls` of a server on this machine. */
export const sendTo =
  (port: number): Send =>
  ({ headers, body }) =>
    fetch(`http://127.0.0.1:${port}/calls`, {
      method: "POST",
      headers,
      body: new Uint8Array(body),
    });
