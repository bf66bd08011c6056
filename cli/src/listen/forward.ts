import { networkReason } from "../api/api-client.ts";

type ForwardedRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
};

export type ForwardResult =
  | { readonly kind: "response"; readonly status: number; readonly durationMs: number }
  | { readonly kind: "no_response"; readonly reason: string; readonly durationMs: number };

/** Sends requests as the dispatcher does: by undici itself, as `fetch` adds headers of its own. */
export type Forwarder = {
  readonly send: (request: ForwardedRequest, signal: AbortSignal) => Promise<ForwardResult>;
  readonly close: () => Promise<void>;
};

/** Certificates of developers' machines are their own affair: they are checked as Node.js checks them. */
export const forwarder = async (): Promise<Forwarder> => {
  // Only here: importing it takes longer than most commands.
  const { Agent, request } = await import("undici");
  const agent = new Agent({ allowH2: false, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  return {
    send: async ({ url, timeoutMs, method, headers, body }, signal) => {
      const beganMs = performance.now();
      const durationMs = (): number => Math.round(performance.now() - beganMs);
      try {
        const response = await request(url, {
          dispatcher: agent,
          method,
          headers,
          body,
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        });
        const { statusCode: status } = response;
        const result = { kind: "response", status, durationMs: durationMs() } as const;
        await response.body.dump().catch(() => {}); // the status decides
        return result;
      } catch (error) {
        signal.throwIfAborted();
        return { kind: "no_response", reason: networkReason(error), durationMs: durationMs() };
      }
    },
    close: () => agent.destroy(),
  };
};
