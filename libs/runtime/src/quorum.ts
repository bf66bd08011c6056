import type { ClusterInfo } from "@nats-io/jetstream";
import { nanos } from "@nats-io/nats-core";

/** A replica says something every second: one that was silent for longer is not there. */
const REPLICA_SILENT_NS = nanos(3_000);

/**
 * Whether the leader that said this can store anything: more than half of the replicas, itself included,
 * are there. One that is cut off with the minority answers for some seconds as if nothing were wrong.
 */
export const hasQuorum = (cluster: Pick<ClusterInfo, "replicas"> | undefined): boolean => {
  const others = cluster?.replicas ?? [];
  const there = others.filter(({ offline, active }) => !offline && active < REPLICA_SILENT_NS);
  return (there.length + 1) * 2 > others.length + 1;
};
