import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { ProblemError } from "../../api/problem.ts";
import { bytesText, countText } from "../../format/number.ts";
import { useMay } from "../../session/me.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton, Curl } from "../../ui/code.tsx";
import { Definitions, Page, Panel } from "../../ui/page.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import { Ago, Time } from "../../ui/time.tsx";
import { DeadLetterPanel } from "./dead-letter-panel.tsx";
import { EventAttempts } from "./event-attempts.tsx";
import { EventDestinations } from "./event-destinations.tsx";
import type { EventDetail } from "./event-detail.ts";
import { EventPayload } from "./event-payload.tsx";
import css from "./events.module.css";
import { RedeliverDialog } from "./redeliver-dialog.tsx";
import { undeliverable } from "./redeliver-plan.ts";

const UNFINISHED_MS = 3_000;
const FINISHED_MS = 10_000;

/** One event: what it is, where it went, every attempt, and what can be done with it. */
export const EventPage = () => {
  const { eventId = "" } = useParams<{ eventId: string }>();
  const event = useQuery({
    queryKey: ["event", eventId],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/events/{event_id}", { params: { path: { event_id: eventId } }, signal })),
    refetchInterval: ({ state }) => (isFinished(state.data) ? FINISHED_MS : UNFINISHED_MS),
  });
  if (event.data !== undefined) return <Shown event={event.data} />;
  const isGone =
    event.error instanceof ProblemError && event.error.problem.code === "event_not_found";
  return (
    <Page title="Event">
      {event.error === null ? <Loading /> : null}
      {event.error === null ? null : (
        <Failure error={event.error} retry={() => void event.refetch()} />
      )}
      {isGone ? <DeadLetterPanel eventId={eventId} isGone /> : null}
    </Page>
  );
};

const isFinished = (event: EventDetail | undefined): boolean =>
  event?.status !== "pending" && event?.status !== "retrying";

const Shown = ({ event }: { readonly event: EventDetail }) => {
  const { event_id: id } = event;
  const [first, setFirst] = useState<{ readonly keys?: readonly string[] }>();
  const mayRedeliver = useMay("redeliver");
  const isRefused = undeliverable(event);
  return (
    <Page
      title={event.event_type ?? "Event"}
      actions={
        mayRedeliver ? (
          <Button
            look="primary"
            onClick={() => setFirst({})}
            disabled={isRefused !== undefined}
            title={isRefused}
          >
            Send again …
          </Button>
        ) : null
      }
    >
      <Summary event={event} />
      <EventDestinations
        event={event}
        onRetry={
          mayRedeliver && isRefused === undefined ? (key) => setFirst({ keys: [key] }) : undefined
        }
      />
      {event.dead_letter === null ? null : <DeadLetterPanel eventId={id} />}
      <EventPayload event={event} />
      <EventAttempts eventId={id} />
      <Curl call={{ method: "GET", path: `/events/${encodeURIComponent(id)}` }} />
      {first === undefined ? null : (
        <RedeliverDialog event={event} first={first.keys} onClose={() => setFirst(undefined)} />
      )}
    </Page>
  );
};

const Summary = ({ event }: { readonly event: EventDetail }) => {
  const { event_id: id, call_id: callId, agent_id: agentId } = event;
  return (
    <Panel>
      <div className={css.summary}>
        <Definitions
          of={{
            Status: <Status status={event.status} />,
            "Event ID": (
              <span className={css.id}>
                <code>{id}</code> <CopyButton text={id} />
              </span>
            ),
            Call:
              callId === null ? (
                "–"
              ) : (
                <Link href={`/calls/${encodeURIComponent(callId)}`}>{callId}</Link>
              ),
            Agent:
              agentId === null ? (
                "–"
              ) : (
                <Link href={`/agents/${encodeURIComponent(agentId)}`}>{agentId}</Link>
              ),
          }}
        />
        <Definitions
          of={{
            Stored: <Time at={event.stored_at} />,
            Size: bytesText(event.size_bytes),
            Attempts: countText(event.attempt_count),
            "Next attempt": <Ago at={event.next_attempt_at} />,
          }}
        />
      </div>
    </Panel>
  );
};
