import { Agent } from "undici";

/** Set up as the dispatcher's connections are, but for one set of them instead of one a workspace. */
export const bareDispatcher = new Agent({
  pipelining: 1,
  allowH2: false,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 15_000,
});

/** As many headers as an attempt has. */
export const headersFor = (n: number): Record<string, string> => ({
  "content-type": "application/json",
  authorization: "Bearer 00000000000000000000000000000000",
  "webhook-id": `evt_bench_${n}`,
  "webhook-timestamp": String(Math.floor(Date.now() / 1_000)),
  "ringback-event-type": "call_completed",
  "ringback-attempt": "1",
  "user-agent": "bare-loop",
  "accept-encoding": "identity",
});
