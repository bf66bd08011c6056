import { randomUUIDv7 } from "node:crypto";
import { REDELIVERY_RATE } from "@ringback/contracts/deliveries/redelivery-job";
import type { z } from "zod";
import { RefusedError } from "../../http/refused-error.ts";
import type { RequestKey } from "../../idempotency/request-key.ts";
import type { RedeliveryDeps } from "../deps.ts";
import type { Sight } from "../../sight/decide/sight.ts";
import { fullWorkspace, storeJob } from "../jobs/jobs.ts";
import { jobResponseSchema } from "./job-response.ts";
import { responseOf } from "./jobs.ts";
import { rejectionProblem } from "./rejection-problem.ts";

/** Of a request with a key, so that a repeated one finds its job again. */
const idOf = (key: RequestKey | undefined): string =>
  key === undefined ? randomUUIDv7() : `recovery-${key.keyHash.slice(0, 32)}`;

/** Jobs that bring an endpoint what it did not get, in the order of the events; as calls that switch it on need them. */
export const recoveryJobs = (redelivery: RedeliveryDeps) => ({
  schema: jobResponseSchema,
  /** Throws a RefusedError where the workspace can have no further job, and has none by this request. */
  refuseIfFull: async (workspaceId: string, key: RequestKey | undefined): Promise<void> => {
    const before =
      key === undefined ? undefined : await redelivery.jobs.read(workspaceId, idOf(key));
    if (before !== undefined) return;
    const full = await fullWorkspace(workspaceId, redelivery);
    if (full !== undefined) throw new RefusedError(rejectionProblem(full.rejection));
  },
  start: async (
    {
      workspaceId: workspace_id,
      endpointId: endpoint_id,
      agents,
      since,
    }: Pick<Sight, "workspaceId" | "agents"> & {
      readonly endpointId: string;
      readonly since: string;
    },
    key: RequestKey | undefined,
  ): Promise<z.infer<typeof jobResponseSchema>> => {
    const what = {
      workspace_id,
      endpoint_id,
      agents: agents && [...agents],
      since,
      until: undefined,
      status: "undelivered",
    } as const;
    const request = { ...what, rate_per_second: REDELIVERY_RATE.default };
    const result = await storeJob(request, idOf(key), redelivery);
    if (result.kind === "job") return responseOf(result.job, redelivery);
    const { code, detail } = rejectionProblem(result.rejection);
    const next = `The endpoint is on; POST /redeliveries with its endpoint_id and since ${since} brings what it did not get.`;
    throw new RefusedError({ code, detail: `${detail} ${next}` });
  },
});
