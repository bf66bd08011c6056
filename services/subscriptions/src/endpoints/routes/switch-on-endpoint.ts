import { z } from "zod";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Api } from "../../http/api.ts";
import { callerOf, requirePermission } from "../../http/auth/caller.ts";
import { endpointPathSchema, utcTimeSchema } from "../../http/field-schemas.ts";
import { problemResponses } from "../../http/problem.ts";
import { RefusedError } from "../../http/refused-error.ts";
import { requestKeyIn, type RequestKey } from "../../idempotency/request-key.ts";
import type { Sight } from "../../sight/decide/sight.ts";
import { addressIn } from "../endpoint-commands.ts";
import { endpointResponseSchema } from "./endpoint-response.ts";
import { requireDispatchers, type EndpointCommands } from "./run-endpoint-command.ts";
import { switchConfig, switchTo } from "./switch-endpoint.ts";
import { SWITCH_ON_EXAMPLES, SWITCHED_ON_EXAMPLES } from "./switch-on-examples.ts";

/** What an endpoint is to get that is switched on: everything from a time on that it did not. */
type Recovery = Pick<Sight, "workspaceId" | "agents"> & {
  readonly endpointId: string;
  /** RFC 3339 in UTC. */
  readonly since: string;
};

/** How a job that recovers an endpoint is started and shown. Both throw a RefusedError where that cannot be. */
type RecoveryJobs<Job> = {
  /** Call it before anything is changed: an endpoint that is on without its recovery would miss what was held. */
  readonly refuseIfFull: (workspaceId: string, key: RequestKey | undefined) => Promise<void>;
  /** One job for each key. */
  readonly start: (recovery: Recovery, key: RequestKey | undefined) => Promise<Job>;
  readonly schema: z.ZodType<Job>;
};

type SwitchOnDeps<Job> = {
  readonly endpoints: EndpointCommands;
  readonly recovery: RecoveryJobs<Job>;
};

const switchedOnSchema = <Job>(job: z.ZodType<Job>) =>
  endpointResponseSchema
    .extend({
      events_were_held_since: z.string().nullable().meta({
        format: "date-time",
        description: "Events from then on were held; null: none were",
      }),
      redelivery: job.nullable().meta({
        description: "The job that brings what it did not get; null: there is none",
      }),
    })
    .meta({ id: "SwitchedOnEndpoint", description: "The endpoint, switched on." });

const bodySchema = (now: () => Date) =>
  z
    .strictObject({
      recover: z
        .union([z.enum(["held", "none"]), z.strictObject({ since: utcTimeSchema(now) })], {
          error: 'must be "held", "none", or an object with a time "since"',
        })
        .default("held")
        .meta({
          description:
            "What it gets of the time before, by a redelivery job: `held` is what was held, `since` everything from then on that was not delivered to it",
        }),
    })
    .nullish()
    .meta({ "x-examples": SWITCH_ON_EXAMPLES });

type Recover = NonNullable<z.output<ReturnType<typeof bodySchema>>>["recover"];

/** `POST /endpoints/{endpoint_id}/resume` and `/enable`: events are sent to it again, and a job brings those before. */
export const switchOnRoutes = <Job>(api: Api, deps: SwitchOnDeps<Job>): void => {
  const common = {
    tags: ["Endpoints"],
    params: endpointPathSchema,
    body: bodySchema(deps.endpoints.now),
    response: {
      200: switchedOnSchema(deps.recovery.schema).meta({ "x-examples": SWITCHED_ON_EXAMPLES }),
      ...problemResponses,
    },
  };
  api.post(
    "/endpoints/:endpoint_id/resume",
    {
      config: switchConfig("endpoint_disabled", "dispatchers_outdated", "too_many_redeliveries"),
      schema: {
        ...common,
        operationId: "resumeEndpoint",
        summary: "Resume a paused endpoint",
        description:
          "Events that are published from then on are sent to it again, and those that were held are delivered.",
      },
    },
    async (request, reply) => {
      const { endpoint_id: named } = request.params;
      const recover = request.body?.recover ?? "held";
      return switchOn(request, reply, { named, name: "resume", recover }, deps);
    },
  );
  api.post(
    "/endpoints/:endpoint_id/enable",
    {
      config: switchConfig("dispatchers_outdated", "too_many_redeliveries"),
      schema: {
        ...common,
        operationId: "enableEndpoint",
        summary: "Switch an endpoint on",
        description:
          "Whether it was paused or disabled: events from then on are sent to it again, and those that were held are delivered.",
      },
    },
    async (request, reply) => {
      const { endpoint_id: named } = request.params;
      const recover = request.body?.recover ?? "held";
      return switchOn(request, reply, { named, name: "enable", recover }, deps);
    },
  );
};

type SwitchOn = {
  /** An id or a uid. */
  readonly named: string;
  readonly name: "resume" | "enable";
  readonly recover: Recover;
};

const switchOn = async <Job>(
  request: FastifyRequest,
  reply: Pick<FastifyReply, "header">,
  { named, name, recover }: SwitchOn,
  { endpoints, recovery }: SwitchOnDeps<Job>,
) => {
  if (typeof recover === "object") requirePermission(request, "redeliver", "recover.since");
  requireDispatchers(endpoints);
  const { workspaceId, agents } = callerOf(request);
  const read = requestKeyIn(request);
  if (read.kind === "rejected") throw new RefusedError(read);
  const address = addressIn(workspaceId, named);
  const { state } = await endpoints.store.read(address);
  const heldSince = state.kind === "present" ? state.endpoint.held_since : undefined;
  const mayRecover = sinceOf(recover, heldSince) !== undefined;
  if (mayRecover) await recovery.refuseIfFull(workspaceId, read.key);
  const switched = await switchTo(request, named, { name }, { reply, endpoints });
  const since = sinceOf(recover, switched.heldSince);
  const { endpointId } = address;
  return {
    ...switched.response,
    events_were_held_since: switched.heldSince ?? null,
    redelivery:
      since === undefined
        ? null
        : await recovery.start({ workspaceId, agents, endpointId, since }, read.key),
  };
};

/** From when on the endpoint is to get what it did not; undefined: it is not. */
const sinceOf = (recover: Recover, heldSince: string | undefined): string | undefined => {
  if (recover === "none") return undefined;
  return recover === "held" ? heldSince : recover.since;
};
