import type { ClusterInfo } from "@nats-io/jetstream";
import { nanos } from "@nats-io/nats-core";

/** A replica replies to its leader every second: one that was silent for longer counts as gone. */
const REPLICA_SILENT_NS = nanos(3_000);

/**
 * Whether a stream can store messages: it has a leader, and that one hears from so many replicas that they are more
 * than half. A leader that is cut off with the minority goes on replying for some seconds, and then a server of the
 * minority replies that there is no leader (nats-server 2.15).
 */
export const hasQuorum = (
  cluster: Pick<ClusterInfo, "leader" | "replicas"> | undefined,
): boolean => {
  const others = cluster?.replicas ?? [];
  if (others.length === 0) return true; // a single server
  if (cluster?.leader === undefined || cluster.leader === "") return false;
  const there = others.filter(({ offline, active, current }) => {
    const wasHeard = active > 0 || current;
    return !offline && wasHeard && active < REPLICA_SILENT_NS;
  });
  return (there.length + 1) * 2 > others.length + 1;
};
