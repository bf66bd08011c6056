import type { Buffer } from "node:buffer";
import { Transform } from "node:stream";
import { callerOf } from "./auth/caller.ts";
import { bodyBudget, type BodyBudget } from "./body-budget.ts";
import { OverloadedError } from "./overload.ts";
import { workspacePermits } from "./workspace-permits.ts";
import type { Api } from "./api.ts";

/** Of the bodies of all requests that are under way: eight of the largest. */
const MAX_BODY_BYTES_AT_ONCE = 64 * 1024 * 1024;

/** Requests that are under way at once. Live streams have a limit of their own. */
const AT_ONCE = { inAll: 1_000, perWorkspace: 250 };

/** Shares what a process can work on at once among workspaces; only for calls that `requireCaller` guards. */
export const shareRoom = (api: Api): void => {
  const acquire = workspacePermits(AT_ONCE);
  api.addHook("onRequest", async (request, reply) => {
    if (request.routeOptions.config.isEndless === true) return;
    const release = acquire(callerOf(request).workspaceId);
    if (release === undefined) throw new OverloadedError();
    reply.raw.once("close", release);
  });
  countBodies(api, bodyBudget(MAX_BODY_BYTES_AT_ONCE));
};

/** A body takes its room as its bytes come, and releases it with the end of its response. */
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
    // Its reader may have stopped, as for a body that is too large: then nobody else handles an error.
    counted.on("error", () => undefined);
    // Not a pipeline: that would close the connection before the response.
    payload.once("error", (error) => counted.destroy(error));
    counted.once("close", () => payload.resume()); // reads and drops what still comes
    payload.pipe(counted);
    return counted;
  });
};
