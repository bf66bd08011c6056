import type { Buffer } from "node:buffer";
import { Transform } from "node:stream";
import { callerOf } from "./auth/caller.ts";
import { bodyBudget, type BodyBudget } from "./body-budget.ts";
import { OverloadedError } from "./overload.ts";
import { concurrencyLimit } from "./concurrency-limit.ts";
import type { Api } from "./api.ts";

/** Of all requests that are being read or answered at once: eight of the largest. */
const MAX_BODY_BYTES_AT_ONCE = 64 * 1024 * 1024;

/** Requests that are being read or answered at once; live streams have places of their own. */
const AT_ONCE = { inAll: 1_000, perWorkspace: 250 };

/** What a process can work on at once is shared by workspaces; only for calls that `requireCaller` guards. */
export const shareRoom = (api: Api): void => {
  const acquire = concurrencyLimit(AT_ONCE);
  api.addHook("onRequest", async (request, reply) => {
    if (request.routeOptions.config.isEndless === true) return;
    const release = acquire(callerOf(request).workspaceId);
    if (release === undefined) throw new OverloadedError();
    reply.raw.once("close", release);
  });
  countBodies(api, bodyBudget(MAX_BODY_BYTES_AT_ONCE));
};

/** A body takes its room as its bytes come, and gives it back with the end of its answer. */
const countBodies = (api: Api, budget: BodyBudget): void => {
  api.addHook("preParsing", async (request, reply, payload) => {
    const end = () => counted.destroy(new OverloadedError());
    const room = budget.open(callerOf(request).workspaceId, end);
    reply.raw.once("close", room.release);
    const counted = new Transform({
      transform: (chunk: Buffer, _encoding, done) =>
        room.take(chunk.byteLength) ? done(null, chunk) : done(new OverloadedError()),
      flush: (done) => {
        room.complete();
        done();
      },
    });
    // Whoever read it may have left already, as of a body that is too large: nobody else hears of an error then.
    counted.on("error", () => undefined);
    // Not a pipeline: that would close the connection before it is answered.
    payload.once("error", (error) => counted.destroy(error));
    counted.once("close", () => payload.resume()); // what still comes is let go
    payload.pipe(counted);
    return counted;
  });
};
