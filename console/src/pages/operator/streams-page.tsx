import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "../../api/client.ts";
import type { paths } from "../../api/schema.gen.ts";
import { durationText } from "../../format/duration.ts";
import { bytesText, countText, percentText } from "../../format/number.ts";
import { Curl } from "../../ui/code.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { Ago } from "../../ui/time.tsx";
import { Runbook } from "./runbook.tsx";

type Stream =
  paths["/streams"]["get"]["responses"][200]["content"]["application/json"]["streams"][number];
type StreamState = NonNullable<Stream["state"]>;
type Consumer = StreamState["consumers"][number] & { readonly stream: string };

const EVERY_MS = 10_000;
const NEARLY_FULL = 0.8;

const fullness = ({ bytes, max_bytes: max }: StreamState): number | undefined =>
  max === null || max === 0 ? undefined : bytes / max;

const Fullness = ({ of }: { readonly of: StreamState }) => {
  const share = fullness(of);
  if (share === undefined) return <>no limit</>;
  return (
    <>
      {percentText(share)} of {bytesText(of.max_bytes)}{" "}
      {share >= NEARLY_FULL ? <Runbook alert="RingbackStreamNearLimit" /> : null}
    </>
  );
};

const STREAMS: readonly Column<Stream>[] = [
  { title: "Stream", cell: ({ name }) => <code>{name}</code> },
  {
    title: "Messages",
    cell: ({ state }) =>
      state === null ? <Status status="not there" tone="bad" /> : countText(state.messages),
  },
  { title: "Size", cell: ({ state }) => bytesText(state?.bytes), only: "medium" },
  {
    title: "Full",
    cell: ({ state }) => (state === null ? "–" : <Fullness of={state} />),
    only: "medium",
  },
  {
    title: "Kept for",
    cell: ({ state }) => {
      const seconds = state?.max_age_seconds;
      return seconds === null || seconds === undefined ? "ever" : durationText(seconds * 1_000);
    },
    only: "wide",
  },
  { title: "Oldest", cell: ({ state }) => <Ago at={state?.first_at} />, only: "wide" },
  { title: "Newest", cell: ({ state }) => <Ago at={state?.last_at} />, only: "wide" },
  { title: "Replicas", cell: ({ state }) => <Replicas of={state} />, only: "wide" },
];

const Replicas = ({ of }: { readonly of: Stream["state"] }) => {
  if (of === null) return <>–</>;
  const behind = of.followers.filter(({ is_current: isCurrent }) => !isCurrent);
  if (behind.length === 0) return <>{of.replicas}</>;
  return <Status status={`${behind.length} of ${of.replicas} behind`} tone="warn" />;
};

const CONSUMERS: readonly Column<Consumer>[] = [
  { title: "Consumer", cell: ({ stream, name }) => `${name} of ${stream}` },
  { title: "Waiting", cell: ({ pending }) => countText(pending) },
  { title: "In flight", cell: ({ ack_pending: inFlight }) => countText(inFlight) },
  { title: "Redelivered", cell: ({ redelivered }) => countText(redelivered), only: "medium" },
];

/** The streams that everything is kept on: how big, how old, how near their limits, and what waits. */
export const StreamsPage = () => {
  const list = useQuery({
    queryKey: ["streams"],
    queryFn: ({ signal }) => dataOf(api.GET("/streams", { signal })),
    refetchInterval: EVERY_MS,
  });
  const streams = list.data?.streams ?? [];
  const consumers = streams.flatMap(({ name, state }) =>
    (state?.consumers ?? []).map((one): Consumer => ({ ...one, stream: name })),
  );
  return (
    <Page title="Streams">
      {list.isPending ? <Loading /> : null}
      {list.error === null ? null : (
        <Failure error={list.error} retry={() => void list.refetch()} />
      )}
      <Panel isFlush>
        <Table label="Streams" columns={STREAMS} rows={streams} keyOf={({ name }) => name} />
      </Panel>
      <Panel title="What waits on them" isFlush>
        <Table
          label="Consumers"
          columns={CONSUMERS}
          rows={consumers}
          keyOf={({ stream, name }) => `${stream} ${name}`}
        />
      </Panel>
      <p>
        Events that wait for long: <Runbook alert="RingbackBacklogGrowing" />. Retries that are
        late: <Runbook alert="RingbackRetriesOverdue" />.
      </p>
      <Curl call={{ method: "GET", path: "/streams" }} />
    </Page>
  );
};
