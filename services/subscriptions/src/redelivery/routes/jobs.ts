import { isId } from "@ringback/contracts/id";
import { z } from "zod";
import { refuseOtherAgents } from "../../http/auth/other-agents.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { addressIn } from "../../endpoints/endpoint-commands.ts";
import { problemResponses, sendProblem, type Problem } from "../../http/problem.ts";
import { jobResponseSchema, jobsResponseSchema, jobResponse } from "./job-response.ts";
import { createJob, stopJob } from "../jobs/jobs.ts";
import type { RedeliveryDeps, Rejection } from "../deps.ts";
import { seesJob } from "../decide/job-sight.ts";
import { rejected } from "../deliverable-event.ts";
import {
  CREATE_EXAMPLES,
  CREATED_EXAMPLES,
  JOB_EXAMPLES,
  JOBS_EXAMPLES,
} from "./redelivery-examples.ts";
import { rejectionProblem } from "./rejection-problem.ts";
import { createJobSchema, jobCursor, listJobsSchema } from "./schemas.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { requestKeyIn } from "../../idempotency/request-key.ts";
import { BASE_PATH, type Api } from "../../http/api.ts";

const jobPathSchema = z.object({ redelivery_id: z.string() });

/** The calls about redelivery jobs. */
export const redeliveriesRoutes = (api: Api, redelivery: RedeliveryDeps): void => {
  createRoute(api, redelivery);
  listRoute(api, redelivery);
  readRoute(api, redelivery);
  stopRoute(api, redelivery);
};

/** `POST /redeliveries`: a job that delivers again what matches. */
const createRoute = (api: Api, redelivery: RedeliveryDeps): void => {
  api.post(
    "/redeliveries",
    {
      config: {
        permission: "redeliver",
        documented: {
          problems: [
            "endpoint_not_found",
            "agent_not_allowed",
            "endpoint_disabled",
            "too_many_redeliveries",
            "dispatchers_outdated",
          ],
          takes: ["Idempotency-Key"],
          gives: ["Location", "Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "createRedelivery",
        summary: "Deliver many events again",
        description:
          "A job that starts a new delivery of each event that matches, at each of its destinations that does or at one endpoint, in order of time, at a rate. It survives restarts and starts each once.",
        tags: ["Redelivery"],
        querystring: noQuerySchema,
        body: createJobSchema(redelivery.now).meta({ "x-examples": CREATE_EXAMPLES }),
        response: {
          202: jobResponseSchema.meta({ "x-examples": CREATED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const read = requestKeyIn(request);
      if (read.kind === "rejected") return sendProblem(reply, read);
      const caller = callerOf(request);
      const { workspaceId: workspace_id } = caller;
      const { until, endpoint_id: named, ...body } = request.body;
      if (body.agent_id !== undefined) {
        refuseOtherAgents(caller, [{ path: "agent_id", agentId: body.agent_id }]);
      }
      const agents = caller.agents && [...caller.agents];
      const job = { workspace_id, until, ...body, agents, ...endpointIn(workspace_id, named) };
      const result = await createJob(job, read.key, redelivery);
      if (result.kind === "rejected") {
        return sendProblem(reply, problemOf(result.rejection, named));
      }
      if (result.isRepeat) reply.header("idempotency-replayed", "true");
      reply.header("location", `${BASE_PATH}/redeliveries/${result.job.redelivery_id}`);
      return reply.code(202).send(await responseOf(result.job, redelivery));
    },
  );
};

const endpointIn = (workspaceId: string, idOrUid: string | undefined) =>
  idOrUid === undefined ? {} : { endpoint_id: addressIn(workspaceId, idOrUid).endpointId };

/** The endpoint as the caller named it: a `uid` says more than the id that follows from it. */
const problemOf = (rejection: Rejection, endpoint: string | undefined): Problem => {
  const isOfEndpoint =
    rejection.kind === "endpoints_not_found" || rejection.kind === "endpoints_disabled";
  return rejectionProblem(
    isOfEndpoint && endpoint !== undefined ? { ...rejection, named: [endpoint] } : rejection,
  );
};

/** `GET /redeliveries`: the workspace's jobs, newest first. */
const listRoute = (api: Api, redelivery: RedeliveryDeps): void => {
  api.get(
    "/redeliveries",
    {
      config: { permission: "read" },
      schema: {
        operationId: "listRedeliveries",
        summary: "List redelivery jobs",
        description: "The workspace's jobs of the last 30 days, newest first.",
        tags: ["Redelivery"],
        querystring: listJobsSchema,
        response: {
          200: jobsResponseSchema.meta({ "x-examples": JOBS_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request) => {
      const { limit, cursor, endpoint_id: named } = request.query;
      const { workspaceId, agents, endpoints } = callerOf(request);
      const { index, jobs: store, projection } = redelivery;
      // Includes what any instance has confirmed to a caller.
      await index.applied(await store.lastSeq());
      const { jobs, hasMore } = index.page(
        {
          workspaceId,
          agents,
          endpoints,
          endpointId: endpointIn(workspaceId, named).endpoint_id,
        },
        limit,
        cursor,
      );
      const last = jobs.at(-1);
      const redeliveries = [];
      for (const job of jobs) {
        const progress = await projection.redeliveryProgress(workspaceId, job.redelivery_id);
        redeliveries.push(jobResponse(job, progress));
      }
      const next_cursor = hasMore && last !== undefined ? jobCursor.encode(last) : null;
      return { redeliveries, next_cursor, projection_lag: projection.lag().total };
    },
  );
};

/** `GET /redeliveries/{redelivery_id}`: how far a job is. */
const readRoute = (api: Api, redelivery: RedeliveryDeps): void => {
  api.get(
    "/redeliveries/:redelivery_id",
    {
      config: { permission: "read", documented: { problems: ["redelivery_not_found"] } },
      schema: {
        operationId: "getRedelivery",
        summary: "Read a redelivery job",
        description: "How far it is, and what its deliveries have come to.",
        tags: ["Redelivery"],
        params: jobPathSchema,
        querystring: noQuerySchema,
        response: {
          200: jobResponseSchema.meta({ "x-examples": JOB_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { redelivery_id: id } = request.params;
      const caller = callerOf(request);
      const stored = isId(id) ? await redelivery.jobs.read(caller.workspaceId, id) : undefined;
      if (stored === undefined || !seesJob(caller, stored.job))
        return sendProblem(reply, rejectionProblem({ kind: "job_not_found" }, id));
      return responseOf(stored.job, redelivery);
    },
  );
};

/** `DELETE /redeliveries/{redelivery_id}`: it starts no more; what it has started goes on. */
const stopRoute = (api: Api, redelivery: RedeliveryDeps): void => {
  api.delete(
    "/redeliveries/:redelivery_id",
    {
      config: { permission: "redeliver", documented: { problems: ["redelivery_not_found"] } },
      schema: {
        operationId: "stopRedelivery",
        summary: "Stop a redelivery job",
        description: "It starts no more; what it has started goes on.",
        tags: ["Redelivery"],
        params: jobPathSchema,
        querystring: noQuerySchema,
        response: { 204: z.undefined(), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { redelivery_id: id } = request.params;
      const refused = isId(id)
        ? await stopJob(callerOf(request), id, redelivery)
        : rejected({ kind: "job_not_found" });
      if (refused !== undefined) return sendProblem(reply, rejectionProblem(refused.rejection, id));
      return reply.code(204).send();
    },
  );
};

/** A job as it is now, with what its deliveries have come to. */
export const responseOf = async (
  job: Parameters<typeof jobResponse>[0],
  { projection }: Pick<RedeliveryDeps, "projection">,
): Promise<z.infer<typeof jobResponseSchema>> => {
  const progress = await projection.redeliveryProgress(job.workspace_id, job.redelivery_id);
  return { ...jobResponse(job, progress), projection_lag: projection.lag().total };
};
