import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { errorAt } from "../../api/problem.ts";
import { requestKey } from "../../api/request-key.ts";
import { countText } from "../../format/number.ts";
import { useMay } from "../../session/me.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { Dialog } from "../../ui/dialogs/dialog.tsx";
import { SelectField, TextField } from "../../ui/field.tsx";
import { Failure } from "../../ui/states.tsx";
import { notify } from "../../ui/toasts.tsx";
import { coverageQuery, draftFrom, jobBody, type JobDraft } from "./job.ts";
import css from "./redeliveries.module.css";

const STATUSES = [
  { value: "dead_lettered", text: "Dead letters" },
  { value: "undelivered", text: "Undelivered: also cancelled, and without a subscription" },
  { value: "all", text: "All: delivered ones once more, too" },
] as const;

/** Opens the form of a job that sends many events again; not there for who may not. */
export const NewJobButton = ({
  from,
}: {
  /** The filters of the list that it stands beside. */
  readonly from: Readonly<Record<string, string>>;
}) => {
  const [isOpen, setOpen] = useState(false);
  if (!useMay("redeliver")) return null;
  return (
    <>
      <Button look="primary" onClick={() => setOpen(true)}>
        Send many again …
      </Button>
      {isOpen ? <NewJob from={from} onClose={() => setOpen(false)} /> : null}
    </>
  );
};

const NewJob = ({
  from,
  onClose,
}: {
  readonly from: Readonly<Record<string, string>>;
  readonly onClose: () => void;
}) => {
  const [draft, setDraft] = useState<JobDraft>(() => draftFrom(from));
  const [key, setKey] = useState(requestKey);
  const [, go] = useLocation();
  const body = jobBody(draft);
  const start = useMutation({
    mutationFn: () =>
      dataOf(api.POST("/redeliveries", { params: { header: { "Idempotency-Key": key } }, body })),
    onSuccess: ({ redelivery_id: id }) => {
      notify("The job has begun.");
      go(`/redeliveries/${encodeURIComponent(id)}`);
    },
  });
  const change = (part: Partial<JobDraft>) => {
    setDraft({ ...draft, ...part });
    // Another body is another request.
    setKey(requestKey());
  };
  const { error } = start;
  return (
    <Dialog title="Send many events again" isOpen onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate();
        }}
      >
        <Fields draft={draft} error={error} onChange={change} />
        <Coverage draft={draft} isOfCall={from["call_id"] !== undefined} />
        {error === null ? null : <Failure error={error} />}
        <div className={css.buttons}>
          <Button look="primary" type="submit" isBusy={start.isPending}>
            Start the job
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
      <Curl call={{ method: "POST", path: "/redeliveries", body }} />
    </Dialog>
  );
};

const Fields = ({
  draft,
  error,
  onChange,
}: {
  readonly draft: JobDraft;
  readonly error: unknown;
  readonly onChange: (part: Partial<JobDraft>) => void;
}) => (
  <div className={css.fields}>
    <SelectField
      label="Which"
      value={draft.status}
      options={STATUSES}
      onChange={(value) => {
        const status = STATUSES.find((one) => one.value === value)?.value;
        if (status !== undefined) onChange({ status });
      }}
      error={errorAt(error, "status")}
    />
    <TextField
      label="Stored since"
      value={draft.since}
      onChange={(since) => onChange({ since })}
      hint="Such as 24h, 2026-11-28, or a time"
      error={errorAt(error, "since")}
      required
    />
    <TextField
      label="Stored until"
      value={draft.until}
      onChange={(until) => onChange({ until })}
      placeholder="now"
      error={errorAt(error, "until")}
    />
    <TextField
      label="Event types"
      value={draft.eventTypes}
      onChange={(eventTypes) => onChange({ eventTypes })}
      placeholder="any"
      hint="Several with commas"
      error={errorAt(error, "event_types")}
    />
    <TextField
      label="Agent"
      value={draft.agentId}
      onChange={(agentId) => onChange({ agentId })}
      placeholder="any"
      error={errorAt(error, "agent_id")}
    />
    <TextField
      label="To one endpoint"
      value={draft.endpointId}
      onChange={(endpointId) => onChange({ endpointId })}
      placeholder="to all that lack it"
      hint="What it is for and did not get, also from before it was there"
      error={errorAt(error, "endpoint_id")}
    />
    <TextField
      label="Deliveries a second"
      value={draft.rate}
      onChange={(rate) => onChange({ rate })}
      inputMode="numeric"
      error={errorAt(error, "rate_per_second")}
      required
    />
  </div>
);

/** How many events match now. A job for one endpoint finds out itself, as the list does not know what it missed. */
const Coverage = ({
  draft,
  isOfCall,
}: {
  readonly draft: JobDraft;
  readonly isOfCall: boolean;
}) => {
  const isForOne = draft.endpointId.trim() !== "";
  const query = coverageQuery(draft);
  const counted = useQuery({
    queryKey: ["coverage", query],
    queryFn: ({ signal }) => dataOf(api.GET("/events/facets", { params: { query }, signal })),
    enabled: !isForOne,
    placeholderData: (before) => before,
    retry: false,
  });
  const { data } = counted;
  return (
    <div role="status">
      {isForOne ? (
        <p>How many events this endpoint lacks is counted when the job begins.</p>
      ) : data === undefined || counted.isError ? null : (
        <p>
          {data.at_least ? "More than " : ""}
          <strong>{countText(data.total)}</strong>{" "}
          {data.total === 1 ? "event matches" : "events match"} now. Each goes where it was not
          delivered; tests, and what waits for a retry, are left out.
        </p>
      )}
      {isOfCall ? (
        <p>A job is not about one call: the list’s filter by call does not hold here.</p>
      ) : null}
    </div>
  );
};
