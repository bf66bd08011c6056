import { request } from "undici";
import { bareDispatcher, headersFor } from "./bare-requests.ts";
import { answerCalls } from "./calls.ts";
import { monotonicUs } from "./clock.ts";
import { agentOf, bodyOf, bodyTail, callbackUrl, type Crowd } from "./payload.ts";

export type BareLoopCalls = {
  /** Posts events to their endpoints, `concurrency` at once, and does nothing else. */
  readonly post: (input: {
    readonly origins: readonly string[];
    readonly crowd: Crowd;
    readonly from: number;
    readonly count: number;
    readonly bytes: number;
    readonly concurrency: number;
  }) => Promise<void>;
};

const post: BareLoopCalls["post"] = async (input) => {
  const { origins, crowd, from, count, bytes, concurrency } = input;
  const tail = bodyTail(bytes);
  // Ready before: a dispatcher gets its bodies from NATS as bytes, too.
  const body = Buffer.from(bodyOf({ n: 0, sentUs: monotonicUs() }, tail));
  const urls = Array.from({ length: crowd.count }, (_, at) => {
    const agent = crowd.first + at;
    return callbackUrl(origins[agent % origins.length] ?? "", agent);
  });
  let next = from;
  const loop = async (): Promise<void> => {
    while (next < from + count) {
      const n = next;
      next += 1;
      const url = urls[agentOf(n, crowd) - crowd.first] ?? "";
      const response = await request(url, {
        dispatcher: bareDispatcher,
        method: "POST",
        headers: headersFor(n),
        body,
      });
      await response.body.dump();
      if (response.statusCode !== 200) throw new Error(`${url}: status ${response.statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
};

answerCalls({ post } satisfies BareLoopCalls);
