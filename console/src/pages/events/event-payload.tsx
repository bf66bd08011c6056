import { useQuery } from "@tanstack/react-query";
import { textOf } from "../../api/client.ts";
import { useMay } from "../../session/me.ts";
import { Code, JsonCode } from "../../ui/code.tsx";
import { Panel } from "../../ui/page.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import type { EventDetail } from "./event-detail.ts";

/** An event's payload as it was published. Who may not read payloads is told so. */
export const EventPayload = ({ event }: { readonly event: EventDetail }) => {
  const mayRead = useMay("payloads");
  if (!mayRead) {
    return (
      <Panel title="Payload">
        <p>Your key or session may not read payloads.</p>
      </Panel>
    );
  }
  const bytes = event.payload_base64;
  return (
    <Panel title="Payload">
      {bytes === undefined ? <Published eventId={event.event_id} /> : <NoJson base64={bytes} />}
    </Panel>
  );
};

const Published = ({ eventId }: { readonly eventId: string }) => {
  const payload = useQuery({
    queryKey: ["payload", eventId],
    queryFn: ({ signal }) => textOf(`/events/${encodeURIComponent(eventId)}/payload`, signal),
    // What was published does not change.
    staleTime: Infinity,
  });
  if (payload.data !== undefined) return <JsonCode text={payload.data} label="Payload" />;
  if (payload.error === null) return <Loading rows={4} />;
  return <Failure error={payload.error} retry={() => void payload.refetch()} />;
};

/** A message that is no JSON: its bytes as text, as far as they are text. */
const NoJson = ({ base64 }: { readonly base64: string }) => (
  <>
    <p>The message is no JSON. These are its bytes, as text:</p>
    <Code text={textIn(base64)} label="Payload" />
  </>
);

/** Bytes in base64 as text; what is no UTF-8 shows as a replacement character. */
export const textIn = (base64: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.codePointAt(0) ?? 0));
