import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { errorAt } from "../../api/problem.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { TextArea } from "../../ui/field.tsx";
import { Buttons, Stack } from "../../ui/form.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Failure } from "../../ui/states.tsx";
import { EventChoice, usePayload } from "./event-choice.tsx";
import { useTried } from "./filter-editor.tsx";
import { FilterTrial, useFilterTrial } from "./filter-trial.tsx";
import { Matches } from "./matches.tsx";
import { matchOf, TYPED_EVENT, unlessNoJson, type TriedEvent } from "./tried-event.ts";

const SAMPLE = '{\n  "data": {\n    "call_duration": { "$gte": 30 }\n  }\n}';

/** Tries filters on real events, and says who gets an event and why the others do not. */
export const FiltersPage = () => {
  const [chosen, setChosen] = useState<TriedEvent>();
  const tried = useTried(chosen) ?? TYPED_EVENT;
  const payload = usePayload(tried);
  const match = useMutation({
    mutationFn: async () => ({
      of: tried,
      found: await dataOf(
        api.POST("/endpoints/match", {
          body: matchOf(tried, payload) as { event_type: string; agent_id: string },
        }),
      ),
    }),
  });
  return (
    <Page title="Filters">
      <Panel title="An event">
        <EventChoice tried={tried} onChange={setChosen} error={match.error} />
      </Panel>
      <Panel title="Who gets it">
        <Stack>
          <p>
            Endpoints get an event by its agent, its type, their filter and their state, as they are
            now.
          </p>
          <Buttons>
            <Button look="primary" onClick={() => match.mutate()} isBusy={match.isPending}>
              Show who gets it
            </Button>
          </Buttons>
          {match.error === null ? null : <Failure error={match.error} />}
          {match.data?.of === tried ? <Matches of={match.data.found} /> : null}
          <MatchCurl tried={tried} payload={payload} />
        </Stack>
      </Panel>
      <TryPanel tried={tried} />
    </Page>
  );
};

const MatchCurl = ({
  tried,
  payload,
}: {
  readonly tried: TriedEvent;
  readonly payload: string | undefined;
}) => {
  const body = unlessNoJson(() => matchOf(tried, payload));
  return body === undefined ? null : (
    <Curl call={{ method: "POST", path: "/endpoints/match", body }} />
  );
};

const TryPanel = ({ tried }: { readonly tried: TriedEvent }) => {
  const [filter, setFilter] = useState(SAMPLE);
  const trial = useFilterTrial(filter, tried);
  return (
    <Panel title="A filter">
      <Stack>
        <p>
          A filter is JSON: conditions on an event and its payload. Once it does what you mean, it
          goes into <Link href="/endpoints">an endpoint</Link>.
        </p>
        <TextArea
          label="Filter"
          rows={10}
          value={filter}
          onChange={setFilter}
          error={errorAt(trial.error, "filter")}
        />
        <FilterTrial trial={trial} tried={tried} />
      </Stack>
    </Panel>
  );
};
