import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, dataOf } from "../../api/client.ts";
import { requestKey } from "../../api/request-key.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { Dialog } from "../../ui/dialogs/dialog.tsx";
import { CheckField } from "../../ui/field.tsx";
import { Failure } from "../../ui/states.tsx";
import { notify } from "../../ui/toasts.tsx";
import { destinationName, type Destination } from "../lists/destination.tsx";
import type { EventDetail } from "./event-detail.ts";
import css from "./events.module.css";
import {
  AGENT_SUBSCRIPTION,
  defaultKeys,
  destinationKey,
  effectText,
  redeliverBody,
  startedText,
} from "./redeliver-plan.ts";

/** Asks where an event is to be sent again, says what that does at each destination, and does it. */
export const RedeliverDialog = ({
  event,
  first,
  onClose,
}: {
  readonly event: EventDetail;
  /** Chosen at the beginning; undefined: what the API would take. */
  readonly first: readonly string[] | undefined;
  readonly onClose: () => void;
}) => {
  const { event_id: id, deliveries } = event;
  const [chosen, setChosen] = useState(() => new Set(first ?? defaultKeys(deliveries)));
  const [isCounted, setCounted] = useState(false);
  const [key] = useState(requestKey);
  const client = useQueryClient();
  const isWaiting = deliveries.some(
    (one) => chosen.has(destinationKey(one)) && one.status === "retrying",
  );
  const body = redeliverBody(chosen, deliveries, isCounted && isWaiting);
  const send = useMutation({
    mutationFn: () =>
      dataOf(
        api.POST("/events/{event_id}/redeliver", {
          params: { path: { event_id: id }, header: { "Idempotency-Key": key } },
          body,
        }),
      ),
    onSuccess: (started) => {
      notify(startedText(started.deliveries));
      void client.invalidateQueries({ queryKey: ["event", id] });
      onClose();
    },
  });
  const toggle = (one: string, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(one);
    else next.delete(one);
    setChosen(next);
  };
  return (
    <Dialog title="Send the event again" isOpen onClose={onClose}>
      <p>
        The endpoint gets the same message with the same <code>webhook-id</code>: one that remembers
        these drops what it has already.
      </p>
      <Choices event={event} chosen={chosen} onToggle={toggle} />
      {isWaiting ? (
        <CheckField
          label="Count it against the schedule of retries (otherwise it is an extra attempt)"
          isChecked={isCounted}
          onChange={setCounted}
        />
      ) : null}
      {send.error === null ? null : <Failure error={send.error} />}
      <div className={css.buttons}>
        <Button
          look="primary"
          onClick={() => send.mutate()}
          isBusy={send.isPending}
          disabled={chosen.size === 0}
        >
          {chosen.size === 1 ? "Send to 1 destination" : `Send to ${chosen.size} destinations`}
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
      <Curl call={{ method: "POST", path: `/events/${encodeURIComponent(id)}/redeliver`, body }} />
    </Dialog>
  );
};

type ChoicesProps = {
  readonly event: EventDetail;
  readonly chosen: ReadonlySet<string>;
  readonly onToggle: (key: string, isChosen: boolean) => void;
};

const Choices = ({ event, chosen, onToggle }: ChoicesProps) => {
  const { deliveries } = event;
  const others = useOthers(event);
  const byKey = new Map(deliveries.map((one) => [destinationKey(one), one]));
  const choice = (of: Destination) => {
    const key = of.endpoint_id ?? AGENT_SUBSCRIPTION;
    const label = (
      <>
        <strong>{destinationName(of)}</strong>: {effectText(byKey.get(key))}
      </>
    );
    return (
      <CheckField
        key={key}
        label={label}
        isChecked={chosen.has(key)}
        onChange={(isChosen) => onToggle(key, isChosen)}
      />
    );
  };
  return (
    <>
      <fieldset className={css.choices}>
        <legend>Destinations</legend>
        {deliveries.map(choice)}
        {byKey.has(AGENT_SUBSCRIPTION) || event.agent_id === null
          ? null
          : choice({ endpoint_id: null })}
      </fieldset>
      {others.length === 0 ? null : (
        <details>
          <summary>Other endpoints</summary>
          <fieldset className={css.choices}>
            <legend>Endpoints that it was not for; their filters are not asked</legend>
            {others.map(choice)}
          </fieldset>
        </details>
      )}
    </>
  );
};

/** Endpoints that the event did not go to, and that could take it now. */
const useOthers = ({ deliveries }: EventDetail): readonly Destination[] => {
  const endpoints = useQuery({
    queryKey: ["endpoints", "to-send-to"],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/endpoints", { params: { query: { limit: 200 } }, signal })),
  });
  const known = new Set(deliveries.map(destinationKey));
  return (endpoints.data?.endpoints ?? []).filter(
    ({ endpoint_id: id, state }) => !known.has(id) && state !== "disabled",
  );
};
