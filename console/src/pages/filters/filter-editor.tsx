import { useState } from "react";
import { errorAt } from "../../api/problem.ts";
import { TextArea } from "../../ui/field.tsx";
import { Stack } from "../../ui/form.tsx";
import { EventChoice, useRecentEvents } from "./event-choice.tsx";
import { FilterTrial, useFilterTrial } from "./filter-trial.tsx";
import type { TriedEvent } from "./tried-event.ts";

/** The field of a filter: what is wrong stands at it with its place in the filter, and it can be tried on an event. */
export const FilterEditor = ({
  filter,
  onChange,
  error,
}: {
  readonly filter: string;
  readonly onChange: (filter: string) => void;
  /** What is wrong with it where it was to be stored. */
  readonly error: string | undefined;
}) => {
  const [isOpen, setOpen] = useState(false);
  return (
    <Stack>
      <TextArea
        label="Filter"
        hint='JSON, such as {"data": {"call_duration": {"$gte": 30}}}; empty: every event of these agents and types'
        rows={8}
        value={filter}
        onChange={onChange}
        error={error}
      />
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Try the filter on an event</summary>
        {isOpen ? <Trial filter={filter} /> : null}
      </details>
    </Stack>
  );
};

const Trial = ({ filter }: { readonly filter: string }) => {
  const [chosen, setChosen] = useState<TriedEvent>();
  const tried = useTried(chosen);
  const trial = useFilterTrial(filter, tried);
  const wrong = errorAt(trial.error, "filter");
  return (
    <Stack>
      <EventChoice tried={tried} onChange={setChosen} error={trial.error} />
      {wrong === undefined ? null : <p role="alert">The filter is not valid: {wrong}</p>}
      <FilterTrial trial={trial} tried={tried} />
    </Stack>
  );
};

/** The event that was chosen, or else the latest one. */
export const useTried = (chosen: TriedEvent | undefined): TriedEvent | undefined => {
  const recent = useRecentEvents();
  const [first] = recent.data?.events ?? [];
  const [latest, setLatest] = useState<TriedEvent>();
  // It stays the one that was the latest as the page opened, whatever comes meanwhile.
  if (latest === undefined && first !== undefined) setLatest({ kind: "stored", event: first });
  return chosen ?? latest;
};
