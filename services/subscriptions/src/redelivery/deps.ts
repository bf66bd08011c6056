import type { StreamOrigin } from "@ringback/contracts/streams/stream-origin";
import type { EventRules } from "@ringback/contracts/events/event-check";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { DueForm } from "@ringback/runtime/streams/due-form";
import type { EndpointStore } from "../endpoints/endpoint-commands.ts";
import type { KeyReused } from "../idempotency/decide-once.ts";
import type { RequestStore } from "../idempotency/request-store.ts";
import type { Sight } from "../sight/decide/sight.ts";
import type { Projection } from "../projection/projection.ts";
import type { JobIndex } from "./jobs/job-index.ts";
import type { JobStore } from "./jobs/job-store.ts";

/** What the calls about redeliveries and test events work with. */
export type RedeliveryDeps = {
  readonly nats: Nats;
  /** Gives the subjects of due retries, and says whether every dispatcher delivers to endpoints. */
  readonly due: Pick<DueForm, "subjectOf" | "allKnowEndpoints">;
  /** When EVENTS was made: ids of events name it. */
  readonly eventsOrigin: StreamOrigin;
  readonly rules: EventRules;
  readonly now: () => Date;
  readonly requests: RequestStore;
  readonly jobs: JobStore;
  readonly index: Pick<JobIndex, "page" | "countsIn" | "applied">;
  readonly projection: Projection;
  readonly endpoints: Pick<EndpointStore, "read">;
  /** The ids of the endpoints that are seen with these agents, as they are now. */
  readonly endpointsSeenBy: (sight: Sight) => ReadonlySet<string>;
};

/** Why a request about redeliveries changed nothing. */
export type Rejection =
  | KeyReused
  /** No such event in this workspace, or EVENTS keeps it no more. */
  | { readonly kind: "event_not_found" }
  | { readonly kind: "event_invalid"; readonly message: string }
  | { readonly kind: "test_event" }
  | { readonly kind: "delivery_in_progress" }
  /** By the ids or uids in the request; nothing was started. */
  | {
      readonly kind: "endpoints_not_found" | "endpoints_disabled";
      readonly named: readonly string[];
    }
  | { readonly kind: "dispatchers_outdated" }
  | { readonly kind: "too_many_running"; readonly running: number }
  | { readonly kind: "too_many_kept"; readonly kept: number }
  | { readonly kind: "job_not_found" };
