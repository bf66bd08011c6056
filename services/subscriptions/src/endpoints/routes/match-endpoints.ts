import type { Subscription } from "@ringback/contracts/agents/subscription";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { idSchema } from "@ringback/contracts/id";
import type { AgentAddress } from "@ringback/contracts/streams/subjects";
import { z } from "zod";
import { refuseUnknownTypes, type DefineDeps } from "../../event-types/define-type.ts";
import { refuseOtherAgents } from "../../http/auth/other-agents.ts";
import { callerOf } from "../../http/auth/caller.ts";
import type { Api } from "../../http/api.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { problemResponses } from "../../http/problem.ts";
import { subjectOfSketch } from "../../filters/subject.ts";
import { matchEndpoint, NO_MATCH_REASONS } from "../decide/match-endpoints.ts";
import type { EndpointList, EndpointRow } from "../endpoint-list.ts";
import { MATCH_EXAMPLES, MATCHED_EXAMPLES } from "./endpoint-examples.ts";

export type MatchDeps = {
  readonly endpoints: Pick<EndpointList, "list">;
  readonly upToDate: () => Promise<void>;
  readonly now: () => Date;
  readonly eventTypes: Pick<DefineDeps, "index" | "rules">;
  /** The subscriptions of an agent; none of one that is not there. */
  readonly subscriptionsOf: (agent: AgentAddress) => Promise<readonly Subscription[]>;
};

const bodySchema = z
  .strictObject({
    event_type: eventTypeSchema,
    agent_id: idSchema,
    data: z.record(z.string(), z.unknown()).optional().meta({
      description: "The payload that filters look at; without it they are not tested",
    }),
  })
  .meta({ "x-examples": MATCH_EXAMPLES });

const endpointNames = {
  endpoint_id: z.string(),
  uid: z.string().optional(),
};

const responseSchema = z
  .object({
    agent_subscription: z
      .object({
        agent_id: z.string(),
        event_type: z.string(),
        callback_url: z.string().meta({ description: "Without its query" }),
      })
      .nullable()
      .meta({ description: "The agent's own subscription of this type; null: there is none" }),
    matches: z
      .array(
        z.object({
          ...endpointNames,
          url: z.string().meta({ description: "Without its query" }),
          filter: z.literal("not_tested").optional().meta({
            description: "It has a filter, and the request no `data`: only that decides",
          }),
        }),
      )
      .meta({ description: "The endpoints that get the event" }),
    others: z
      .array(
        z.object({
          ...endpointNames,
          because: z.enum(NO_MATCH_REASONS).meta({ description: "The first reason against it" }),
          path: z.string().optional().meta({
            description: "Of `filter`: the first condition that does not hold",
          }),
        }),
      )
      .meta({ description: "The endpoints that do not get it now" }),
  })
  .meta({ id: "EndpointMatches" });

/** `POST /endpoints/match`: who would get an event, and why the others would not. */
export const matchEndpointsRoute = (api: Api, deps: MatchDeps): void => {
  api.post(
    "/endpoints/match",
    {
      config: {
        audited: "nothing",
        permission: "read",
        exactNumbers: true,
        documented: { problems: ["agent_not_allowed"] },
      },
      schema: {
        operationId: "matchEndpoints",
        summary: "Find out who gets an event",
        description:
          "The endpoints that an event of this agent and type is sent to, the others with the reason, and the agent's own subscription. Nothing is sent.",
        tags: ["Endpoints"],
        querystring: noQuerySchema,
        body: bodySchema,
        response: {
          200: responseSchema.meta({ "x-examples": MATCHED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request) => {
      const { event_type: eventType, agent_id: agentId, data } = request.body;
      const caller = callerOf(request);
      const { workspaceId } = caller;
      refuseOtherAgents(caller, [{ path: "agent_id", agentId }]);
      await refuseUnknownTypes(workspaceId, [{ eventType, path: "event_type" }], deps.eventTypes);
      const [all, subscriptions] = await Promise.all([
        deps.upToDate().then(() => deps.endpoints.list(caller)),
        deps.subscriptionsOf({ workspaceId, agentId }),
      ]);
      const subscription = subscriptions.find((one) => one.event_type === eventType);
      const sketch = { event_type: eventType, agent_id: agentId };
      const subject = data && subjectOfSketch({ ...sketch, data }, deps.now().getTime());
      const event = { agentId, eventType, subject };
      const matched = all.map((row) => ({ row, is: matchEndpoint(row, event) }));
      return {
        agent_subscription:
          subscription === undefined
            ? null
            : { agent_id: agentId, event_type: eventType, callback_url: plain(subscription) },
        matches: matched.flatMap(({ row, is }) =>
          is.kind === "match" ? [{ ...namesOf(row), url: row.url, ...testedOf(is) }] : [],
        ),
        others: matched.flatMap(({ row, is }) =>
          is.kind === "match" ? [] : [{ ...namesOf(row), because: is.because, path: is.path }],
        ),
      };
    },
  );
};

const plain = ({ callback_url }: Subscription): string => callback_url.split("?", 1)[0] ?? "";

const testedOf = ({ isFilterTested }: { readonly isFilterTested: boolean }) =>
  isFilterTested ? {} : ({ filter: "not_tested" } as const);

const namesOf = ({ endpoint_id, uid }: EndpointRow) => ({
  endpoint_id,
  ...(uid !== undefined && { uid }),
});
