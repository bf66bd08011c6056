import type { Nats } from "@ringback/runtime/nats/connection";
import type { Dispatchers } from "./dispatchers.ts";
import { readLeases, type HeldLease } from "./leases.ts";
import { readStreams, type StreamReport } from "./streams-report.ts";

/** What the calls of operators work with. */
export type OperatorsDeps = {
  readonly dispatchers: Pick<Dispatchers, "running">;
  readonly readLeases: () => Promise<readonly HeldLease[]>;
  readonly readStreams: () => Promise<readonly StreamReport[]>;
};

export const operatorsDeps = ({
  nats,
  dispatchers,
}: Pick<OperatorsDeps, "dispatchers"> & { readonly nats: Nats }): OperatorsDeps => ({
  dispatchers,
  readLeases: () => readLeases(nats),
  readStreams: () => readStreams(nats),
});
