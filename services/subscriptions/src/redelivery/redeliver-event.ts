import { randomUUIDv7 } from "node:crypto";
import { z } from "zod";
import { idSchema } from "@ringback/contracts/id";
import { redeliveryDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import {
  decideOnce,
  type DecidedOnce,
  type Decision,
  type OnceFor,
} from "../idempotency/decide-once.ts";
import { decideRedeliver } from "./decide/redeliver.ts";
import { deliverableEvent, rejected, type DeliverableEvent } from "./deliverable-event.ts";
import { deliverySnapshot } from "./delivery-state.ts";
import type { RedeliveryDeps, Rejection } from "./deps.ts";
import { bringForward, firstOfRedelivery, startRedelivery, wasStarted } from "./start-delivery.ts";

/** The effect of a request to deliver an event again: the delivery, and which attempt of it is next. */
const runSchema = z.object({
  mode: z.enum(["redelivery", "retry_now"]),
  delivery_id: idSchema,
  attempt: z.int().positive(),
  // Missing in records of an earlier version, where each attempt counted.
  attempts_left: z.int().nonnegative().nullable().default(null),
  counts_against_schedule: z.boolean().default(true),
});

type Run = z.infer<typeof runSchema>;

type RedeliverDeps = Pick<
  RedeliveryDeps,
  "nats" | "due" | "eventsCreatedMs" | "rules" | "now" | "requests"
>;

export type RedeliverRequest = OnceFor & {
  readonly eventId: string;
  /** A delivery that waits uses up an attempt of its schedule by going on now. */
  readonly countsAgainstSchedule: boolean;
};

/** Delivers an event again: a delivery that waits goes on now, an ended one begins again. */
export const redeliverEvent = async (
  request: RedeliverRequest,
  deps: RedeliverDeps,
): Promise<DecidedOnce<Run, Rejection>> => {
  const found = await deliverableEvent(request.workspaceId, request.eventId, deps);
  if (found.kind === "rejected") return found;
  const { event } = found;
  const decide = () => decideRun(event, request.countsAgainstSchedule, deps);
  const once = await decideOnce(request, decide, (stored) => runSchema.parse(stored), deps);
  if (once.kind === "rejected") return once;
  const isDone = await carryOut(event, once.decided, once.isRepeat, deps);
  // A key has stored the decision already, and it was true: that very attempt has begun by itself.
  return isDone || request.key !== undefined ? once : rejected({ kind: "delivery_in_progress" });
};

const decideRun = async (
  event: DeliverableEvent,
  countsAgainstSchedule: boolean,
  { nats }: RedeliverDeps,
): Promise<Decision<Run, Rejection>> => {
  const decision = decideRedeliver(await deliverySnapshot(nats, event), countsAgainstSchedule);
  switch (decision.kind) {
    case "in_progress":
      return rejected({ kind: "delivery_in_progress" });
    case "retry_now": {
      const { deliveryId: delivery_id, attempt } = decision.retry;
      const { attemptsLeft: attempts_left } = decision;
      const run = { mode: "retry_now", delivery_id, attempt, attempts_left } as const;
      return {
        kind: "decided",
        decided: { ...run, counts_against_schedule: countsAgainstSchedule },
      };
    }
    case "new_run": {
      const delivery_id = redeliveryDeliveryId(event.seq, randomUUIDv7());
      const run = { mode: "redelivery", delivery_id, attempt: 1, attempts_left: null } as const;
      return { kind: "decided", decided: { ...run, counts_against_schedule: true } };
    }
    default:
      return decision satisfies never;
  }
};

/** False when the delivery that waited has just gone on by itself. */
const carryOut = async (
  { seq, address }: DeliverableEvent,
  { mode, delivery_id: deliveryId, attempt, counts_against_schedule: countsAgainstSchedule }: Run,
  isRepeat: boolean,
  deps: RedeliverDeps,
): Promise<boolean> => {
  const dueMs = deps.now().getTime();
  if (mode === "retry_now") {
    const forward = { address, deliveryId, attempt, countsAgainstSchedule };
    return bringForward(deps, forward, dueMs);
  }
  // The server may have forgotten the message id, but the delivery leaves traces.
  if (isRepeat && (await wasStarted(deps.nats, { address, deliveryId }))) return true;
  const token = deliveryId.slice(`${seq}-`.length);
  await startRedelivery(deps, firstOfRedelivery({ seq, address }, token, dueMs));
  return true;
};
