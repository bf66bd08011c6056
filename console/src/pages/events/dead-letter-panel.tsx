import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "../../api/client.ts";
import { ProblemError } from "../../api/problem.ts";
import { Code } from "../../ui/code.tsx";
import { Definitions, Panel } from "../../ui/page.tsx";
import { Failure } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import { AttemptDetails } from "../attempts/attempt-details.tsx";
import { DestinationLink } from "../lists/destination.tsx";
import css from "./events.module.css";
import { textIn } from "./event-payload.tsx";

/** Why an event was given up. It is known for longer than the event itself. */
export const DeadLetterPanel = ({
  eventId,
  isGone = false,
}: {
  readonly eventId: string;
  /** The event has expired: its dead letter, if there is one, is all that is left. */
  readonly isGone?: boolean;
}) => {
  const found = useQuery({
    queryKey: ["dead-letter", eventId],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/dead-letters/{event_id}", { params: { path: { event_id: eventId } }, signal }),
      ),
  });
  const isNone = found.error instanceof ProblemError && found.error.problem.status === 404;
  if (isNone) return null;
  if (found.error !== null) return <Failure error={found.error} />;
  const letter = found.data;
  if (letter === undefined) return null;
  return (
    <Panel title={isGone ? "What is left of it: its dead letter" : "Dead letter"}>
      <div className={css.stack}>
        <Definitions
          of={{
            Reason: <Status status={letter.reason} tone="bad" />,
            "Given up": <Time at={letter.at} />,
            Says: letter.message,
            To: <DestinationLink of={letter} agentId={letter.agent_id} />,
          }}
        />
        {letter.raw === undefined ? null : (
          <>
            <h3>The message as it came{letter.raw_truncated === true ? " (its beginning)" : ""}</h3>
            <Code text={textIn(letter.raw)} label="The message as it came" />
          </>
        )}
        {isGone && letter.last_attempt !== null ? (
          <>
            <h3>The last attempt</h3>
            <AttemptDetails attempt={letter.last_attempt} />
          </>
        ) : null}
      </div>
    </Panel>
  );
};
