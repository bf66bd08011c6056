import type { ClusterInfo } from "@nats-io/jetstream";
import { nanos } from "@nats-io/nats-core";

/** A replica says something every second: one that was silent for longer is not there. */
const REPLICA_SILENT_NS = nanos(3_000);

/**
 * Whether the stream that said this can store anything: it has a leader, and more than half of the replicas
 * are there by what that one hears. A leader that is cut off with the minority answers for some seconds as if
 * nothing were wrong; then a server without a leader does (nats-server 2.15).
 */
export const hasQuorum = (
  cluster: Pick<ClusterInfo, "leader" | "replicas"> | undefined,
): boolean => {
  const others = cluster?.replicas ?? [];
  if (others.length === 0) return true; // one server alone
  if (cluster?.leader === undefined || cluster.leader === "") return false;
  const there = others.filter(({ offline, active, current }) => {
    const wasHeard = active > 0 || current;
    return !offline && wasHeard && active < REPLICA_SILENT_NS;
  });
  return (there.length + 1) * 2 > others.length + 1;
};
