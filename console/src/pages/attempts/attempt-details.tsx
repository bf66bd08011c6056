import { Link } from "wouter";
import { Code, JsonCode } from "../../ui/code.tsx";
import { Definitions } from "../../ui/page.tsx";
import { Status } from "../../ui/status.tsx";
import { Duration, Time } from "../../ui/time.tsx";
import type { Attempt } from "./attempt.ts";

/** Everything that is known of one attempt: its request, its response, and what came next. */
export const AttemptDetails = ({
  attempt,
  eventId,
}: {
  readonly attempt: Attempt;
  readonly eventId?: string;
}) => {
  const { outcome, request, response } = attempt;
  return (
    <>
      <Definitions
        of={{
          Outcome: <Status status={outcome.kind} />,
          ...(outcome.kind === "failed" ? { Reason: reasonText(outcome) } : {}),
          Response: "status_code" in outcome ? (outcome.status_code ?? "none") : "none",
          Attempt: `${attempt.attempt} (${attempt.trigger})`,
          Started: <Time at={attempt.at} />,
          Took: <Duration ms={attempt.duration_ms} />,
          Request: request === undefined ? "none was sent" : `${request.method} ${request.url}`,
          ...(attempt.out_of_turn === true ? { Order: "went on without its turn" } : {}),
          To: attempt.uid ?? attempt.endpoint_id ?? "the agent's subscription",
          Then: nextText(attempt),
          Delivery: attempt.delivery_id,
          ...(attempt.redelivery_id === undefined
            ? {}
            : {
                "Sent by": (
                  <Link href={`/redeliveries/${encodeURIComponent(attempt.redelivery_id)}`}>
                    a redelivery job
                  </Link>
                ),
              }),
          ...(eventId === undefined
            ? {}
            : { Event: <Link href={`/events/${eventId}`}>{eventId}</Link> }),
        }}
      />
      {response?.headers === undefined ? null : (
        <>
          <h3>Response headers</h3>
          <Code
            label="Response headers"
            text={Object.entries(response.headers)
              .map(([name, value]) => `${name}: ${value}`)
              .join("\n")}
          />
        </>
      )}
      {response?.body_excerpt === undefined ? null : (
        <>
          <h3>Response body</h3>
          <JsonCode label="Response body" text={response.body_excerpt} />
        </>
      )}
    </>
  );
};

const nextText = ({ next }: Attempt) => {
  if (next.kind === "done") return "nothing further";
  if (next.kind === "dead_letter") return "given up";
  return (
    <>
      the next attempt, <Time at={next.at} />
      {next.attempts_left === undefined ? null : ` (${next.attempts_left} left)`}
    </>
  );
};

const reasonText = ({ reason, detail }: Extract<Attempt["outcome"], { kind: "failed" }>): string =>
  detail === undefined ? reason : `${reason}: ${detail}`;
