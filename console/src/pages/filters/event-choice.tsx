import { useQuery } from "@tanstack/react-query";
import { api, dataOf, textOf } from "../../api/client.ts";
import { errorAt } from "../../api/problem.ts";
import { relativeText } from "../../format/duration.ts";
import { useMay } from "../../session/me.ts";
import { useNow } from "../../ui/time.tsx";
import { JsonCode } from "../../ui/code.tsx";
import { SelectField, TextArea, TextField } from "../../ui/field.tsx";
import { Beside, Stack } from "../../ui/form.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import { TYPED_EVENT, type TriedEvent } from "./tried-event.ts";

const RECENT = 50;
const TYPED = "typed";

/** The latest events; the first of them is what is tried unless somebody chooses another. */
export const useRecentEvents = () =>
  useQuery({
    queryKey: ["recent-events"],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/events", { params: { query: { limit: RECENT } }, signal })),
  });

/** The payload of a stored event as published; undefined where it is not known, or the caller may not see it. */
export const usePayload = (tried: TriedEvent | undefined): string | undefined => {
  const mayRead = useMay("payloads");
  const id = tried?.kind === "stored" ? tried.event.event_id : undefined;
  const payload = useQuery({
    queryKey: ["payload", id],
    queryFn: ({ signal }) => textOf(`/events/${id ?? ""}/payload`, signal),
    enabled: mayRead && id !== undefined,
    staleTime: Infinity,
  });
  return tried?.kind === "typed" ? tried.payload : payload.data;
};

/** Chooses one of the latest events, or takes one that is typed. */
export const EventChoice = ({
  tried,
  onChange,
  error,
}: {
  readonly tried: TriedEvent | undefined;
  readonly onChange: (tried: TriedEvent) => void;
  /** What the API says about the event that was tried. */
  readonly error?: unknown;
}) => {
  const recent = useRecentEvents();
  const events = recent.data?.events ?? [];
  const payload = usePayload(tried);
  const now = useNow(30_000);
  if (recent.isPending) return <Loading rows={2} />;
  if (recent.error !== null) {
    return <Failure error={recent.error} retry={() => void recent.refetch()} />;
  }
  const choose = (id: string) => {
    const event = events.find(({ event_id }) => event_id === id);
    onChange(event === undefined ? TYPED_EVENT : { kind: "stored", event });
  };
  return (
    <Stack>
      <SelectField
        label="Event"
        value={tried?.kind === "stored" ? tried.event.event_id : TYPED}
        options={[
          ...events.map((event) => ({
            value: event.event_id,
            text: `${event.event_type}, agent ${event.agent_id}, call ${event.call_id}, ${relativeText(Date.parse(event.stored_at), now)}`,
          })),
          { value: TYPED, text: "A payload of my own" },
        ]}
        onChange={choose}
        error={errorAt(error, "event_id")}
      />
      {tried?.kind === "typed" ? (
        <TypedEvent tried={tried} onChange={onChange} error={error} />
      ) : null}
      {tried?.kind === "stored" && payload !== undefined ? (
        <details>
          <summary>Its payload</summary>
          <JsonCode label="Payload of the event" text={payload} />
        </details>
      ) : null}
    </Stack>
  );
};

const TypedEvent = ({
  tried,
  onChange,
  error,
}: {
  readonly tried: Extract<TriedEvent, { kind: "typed" }>;
  readonly onChange: (tried: TriedEvent) => void;
  readonly error?: unknown;
}) => (
  <>
    <Beside>
      <TextField
        label="Event type"
        value={tried.eventType}
        onChange={(eventType) => onChange({ ...tried, eventType: eventType.trim() })}
        error={errorAt(error, "event_type")}
      />
      <TextField
        label="Agent ID"
        value={tried.agentId}
        onChange={(agentId) => onChange({ ...tried, agentId: agentId.trim() })}
        error={errorAt(error, "agent_id")}
      />
    </Beside>
    <TextArea
      label="Payload"
      value={tried.payload}
      onChange={(payload) => onChange({ ...tried, payload })}
      error={errorAt(error, "data")}
    />
  </>
);
