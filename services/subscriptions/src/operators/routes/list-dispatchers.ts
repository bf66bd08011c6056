import { z } from "zod";
import type { Api } from "../../http/api.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { problemResponses } from "../../http/problem.ts";
import { startedAtMs, type KnownDispatcher } from "../decide/known-dispatchers.ts";
import type { HeldLease } from "../leases.ts";
import type { OperatorsDeps } from "../operators-deps.ts";
import { DISPATCHERS_EXAMPLES } from "./operator-examples.ts";

const textOrNull = z.string().nullable();

const dispatcherSchema = z.object({
  dispatcher_id: z.string(),
  process: textOrNull.meta({ description: "`host/pid`, as leases name it." }),
  version: textOrNull,
  started_at: textOrNull.meta({ description: "By its own clock." }),
  last_heard_at: z.string().meta({ description: "It sends a heartbeat every 2 s." }),
  in_flight: z.int().nullable().meta({
    description: "Attempts that it made at its last heartbeat; null: its version does not say so.",
  }),
});

const leaseSchema = z.object({
  name: z.string(),
  holder: textOrNull.meta({ description: "The process that has it; null: nobody has." }),
  renewed_at: textOrNull,
});

const responseSchema = z
  .object({
    dispatchers: z.array(dispatcherSchema).nullable().meta({
      description:
        "Those that run, the oldest first; null: unknown, as this instance may not listen to them.",
    }),
    leases: z.array(leaseSchema).meta({
      description:
        "Tasks that one process at a time does: `overdue_watch` and `endpoint_watch` a dispatcher, `redelivery` an instance of the API.",
    }),
  })
  .meta({ "x-examples": DISPATCHERS_EXAMPLES });

/** `GET /dispatchers`: which dispatchers run, and who has which lease, for operators. */
export const listDispatchersRoute = (
  api: Api,
  { dispatchers, readLeases }: OperatorsDeps,
): void => {
  api.get(
    "/dispatchers",
    {
      config: { permission: "read", operator: true },
      schema: {
        operationId: "listDispatchers",
        summary: "List the dispatchers",
        description:
          "The dispatchers that this instance has heard within the last 7 s, and the leases. After the start of an instance the list is complete within 2 s.",
        tags: ["Operators"],
        querystring: noQuerySchema,
        response: { 200: responseSchema, ...problemResponses },
      },
    },
    async () => ({
      dispatchers: dispatchers.running()?.map(dispatcherResponse) ?? null,
      leases: (await readLeases()).map(leaseResponse),
    }),
  );
};

const timeOf = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toISOString();

const dispatcherResponse = (one: KnownDispatcher): z.infer<typeof dispatcherSchema> => ({
  dispatcher_id: one.id,
  process: one.process ?? null,
  version: one.version ?? null,
  started_at: timeOf(startedAtMs(one.id)),
  last_heard_at: new Date(one.atMs).toISOString(),
  in_flight: one.inFlight ?? null,
});

const leaseResponse = ({ name, holder, renewedAtMs }: HeldLease): z.infer<typeof leaseSchema> => ({
  name,
  holder: holder ?? null,
  renewed_at: timeOf(renewedAtMs),
});
