import { randomUUIDv7 } from "node:crypto";
import { z } from "zod";
import { idSchema } from "@ringback/contracts/id";
import { redeliveryDeliveryId } from "@ringback/contracts/deliveries/redelivery-id";
import { decideRedeliver } from "./decide/redeliver.ts";
import type { RequestKey } from "../idempotency/request-key.ts";
import type { Problem } from "../http/problem.ts";
import {
  deliverableEvent,
  type DeliverableDeps,
  type DeliverableEvent,
} from "./deliverable-event.ts";
import { deliverySnapshot } from "./delivery-state.ts";
import { pinned, type PinDeps } from "../idempotency/decide-once.ts";
import {
  bringForward,
  firstOfRedelivery,
  startRedelivery,
  wasStarted,
  type StartDeps,
} from "./start-delivery.ts";

/** What a request to deliver an event again came to: which delivery, and which attempt of it is next. */
const runSchema = z.object({
  mode: z.enum(["redelivery", "retry_now"]),
  delivery_id: idSchema,
  attempt: z.int().positive(),
  // Missing in what an earlier version has noted, of which each attempt counted.
  attempts_left: z.int().nonnegative().nullable().default(null),
  counts_against_schedule: z.boolean().default(true),
});

type Run = z.infer<typeof runSchema>;

const runIn = (noted: unknown): Run => runSchema.parse(noted);

export type Redelivered =
  | { readonly kind: "accepted"; readonly run: Run; readonly isRepeat: boolean }
  | { readonly kind: "problem"; readonly problem: Problem };

export type RedeliverDeps = PinDeps & StartDeps & DeliverableDeps;

/** Delivers an event again: a delivery that waits goes on now, one that has ended begins anew. */
export const redeliverEvent = async (
  asked: {
    readonly workspaceId: string;
    readonly eventId: string;
    readonly key: RequestKey | undefined;
    /** A delivery that waits uses up an attempt of its schedule by going on now. */
    readonly countsAgainstSchedule: boolean;
  },
  deps: RedeliverDeps,
): Promise<Redelivered> => {
  const { workspaceId, eventId, key, countsAgainstSchedule } = asked;
  const found = await deliverableEvent(deps, workspaceId, eventId);
  if (found.kind === "problem") return found;
  const decide = () => decided(found.event, eventId, countsAgainstSchedule, deps);
  const decision = await pinned(workspaceId, key, decide, runIn, deps);
  if (decision.kind === "problem") return decision;
  const { decided: run, isRepeat } = decision;
  const isDone = await carryOut(found.event, run, isRepeat, deps);
  // With a key it is noted already, and was true: that very attempt has begun by itself.
  if (!isDone && key === undefined) return inProgress(eventId);
  return { kind: "accepted", run, isRepeat };
};

const decided = async (
  event: DeliverableEvent,
  eventId: string,
  counts: boolean,
  { nats }: RedeliverDeps,
): Promise<{ kind: "decided"; decided: Run } | { kind: "problem"; problem: Problem }> => {
  const decision = decideRedeliver(await deliverySnapshot(nats, event), counts);
  switch (decision.kind) {
    case "in_progress":
      return inProgress(eventId);
    case "retry_now": {
      const { deliveryId: delivery_id, attempt } = decision.retry;
      const { attemptsLeft: attempts_left } = decision;
      const run = { mode: "retry_now", delivery_id, attempt, attempts_left } as const;
      return { kind: "decided", decided: { ...run, counts_against_schedule: counts } };
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
  // The server may have forgotten the message that began it; its traces are kept.
  if (isRepeat && (await wasStarted(deps.nats, { address, deliveryId }))) return true;
  const token = deliveryId.slice(`${seq}-`.length);
  await startRedelivery(deps, firstOfRedelivery({ seq, address }, token, dueMs));
  return true;
};

const inProgress = (eventId: string): { kind: "problem"; problem: Problem } => {
  const detail = `An attempt to deliver event ${eventId} is under way, or is about to be: look what comes of it first.`;
  return { kind: "problem", problem: { code: "delivery_in_progress", detail } };
};
