import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { errorAt } from "../../api/problem.ts";
import type { ShownCall } from "../../format/curl.ts";
import { ActionDialog } from "../../ui/dialogs/action-dialog.tsx";
import { SelectField } from "../../ui/field.tsx";
import { Note } from "../../ui/form.tsx";
import { AttemptDetails } from "../attempts/attempt-details.tsx";
import type { TestResult } from "./api-types.ts";

/** Sends a sample event, and shows what the endpoint responded. */
export const TestDialog = ({
  isOpen,
  onClose,
  types,
  first,
  callOf,
  send,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Of which types a sample may be. */
  readonly types: readonly string[];
  /** In words, what is sent without a type; undefined: a type has to be chosen. */
  readonly first?: string;
  readonly callOf: (eventType: string) => ShownCall;
  readonly send: (eventType: string) => Promise<TestResult>;
}) => {
  const fallback = first === undefined ? (types[0] ?? "") : "";
  const [chosen, setChosen] = useState<string>();
  const type = chosen ?? fallback;
  const run = useMutation({ mutationFn: () => send(type) });
  const close = () => {
    onClose();
    run.reset();
  };
  return (
    <ActionDialog
      title="Send a test event"
      isOpen={isOpen}
      onClose={close}
      call={callOf(type)}
      confirm={run.data === undefined ? "Send it" : "Send another one"}
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
    >
      <p>
        A sample with made-up values, marked as a test, is sent once: no retries. It comes to no
        other destination.
      </p>
      <SelectField
        label="Event type"
        value={type}
        options={[
          ...(first === undefined ? [] : [{ value: "", text: first }]),
          ...types.map((one) => ({ value: one, text: one })),
        ]}
        onChange={setChosen}
        error={errorAt(run.error, "event_type")}
      />
      {run.data === undefined || run.isPending ? null : <Result of={run.data} />}
    </ActionDialog>
  );
};

const Result = ({ of: { attempt, event_id: eventId } }: { readonly of: TestResult }) => {
  if (attempt === null) {
    return (
      <Note tone="warn">
        The attempt was not made in time. It will be made, and stands at{" "}
        <Link href={`/events/${eventId}`}>its event</Link>.
      </Note>
    );
  }
  const isDelivered = attempt.outcome.kind === "delivered";
  return (
    <>
      <Note tone={isDelivered ? "good" : "warn"}>
        {isDelivered ? "The endpoint took it." : "The endpoint did not take it."}
      </Note>
      <AttemptDetails
        attempt={{ ...attempt, delivery_id: attempt.delivery_id ?? String(attempt.event_seq) }}
        eventId={eventId}
      />
    </>
  );
};
