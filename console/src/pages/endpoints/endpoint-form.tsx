import { useState, type FormEvent, type ReactNode } from "react";
import { errorAt, ProblemError } from "../../api/problem.ts";
import type { ShownCall } from "../../format/curl.ts";
import { useMe } from "../../session/me.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { SelectField, TextField } from "../../ui/field.tsx";
import { FailedAction } from "../../ui/dialogs/failed-action.tsx";
import { Beside, Buttons, OneOf, Stack } from "../../ui/form.tsx";
import { Panel } from "../../ui/page.tsx";
import { PairsField, TokensField } from "../../ui/tokens-field.tsx";
import { DeliveryFields, OrderFields } from "../destinations/delivery-fields.tsx";
import { useAgentIds, useTypeNames } from "../destinations/suggestions.ts";
import { FilterEditor } from "../filters/filter-editor.tsx";
import { ALL, faultsOf, type EndpointDraft } from "./endpoint-draft.ts";

type FormProps = {
  readonly initial: EndpointDraft;
  /** A new one has no uid yet; it never changes later. */
  readonly isNew: boolean;
  readonly submit: string;
  readonly error: unknown;
  readonly isBusy: boolean;
  readonly callOf: (draft: EndpointDraft) => ShownCall;
  readonly onSubmit: (draft: EndpointDraft) => void;
  readonly reload?: () => void;
  readonly cancel: ReactNode;
};

const METHODS = ["POST", "PUT", "PATCH"].map((value) => ({ value, text: value }));

/** Every field of an endpoint, with what the API says at each. */
export const EndpointForm = (props: FormProps) => {
  const { initial, isNew, callOf } = props;
  const [draft, setDraft] = useState(initial);
  const [faults, setFaults] = useState<unknown>(null);
  // What the request could not even say comes first.
  const error = faults ?? props.error;
  const change = (part: Partial<EndpointDraft>) => setDraft({ ...draft, ...part });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = faultsOf(draft);
    setFaults(found.length === 0 ? null : faultyFields(found));
    if (found.length === 0) props.onSubmit(draft);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <WherePanel draft={draft} change={change} error={error} isNew={isNew} />
        <EventsPanel draft={draft} change={change} error={error} />
        <Panel title="How events are delivered">
          <Stack>
            <DeliveryFields
              draft={draft.delivery}
              onChange={(delivery) => change({ delivery })}
              error={error}
              path="delivery"
            />
            <OrderFields
              draft={draft.order}
              onChange={(order) => change({ order })}
              error={error}
              path="order"
            />
          </Stack>
        </Panel>
        <Panel title="For your own use">
          <PairsField
            legend="Metadata"
            hint="Never sent: up to 20 names and values"
            add="Add a pair"
            pairs={draft.metadata}
            errorOf={(name) => errorAt(error, `metadata.${name}`)}
            onChange={(metadata) => change({ metadata })}
          />
        </Panel>
        {error === null || error === undefined ? null : (
          <FailedAction error={error} reload={props.reload} />
        )}
        <Buttons>
          <Button type="submit" look="primary" isBusy={props.isBusy}>
            {props.submit}
          </Button>
          {props.cancel}
        </Buttons>
        {faultsOf(draft).length === 0 ? <Curl call={callOf(draft)} /> : null}
      </Stack>
    </form>
  );
};

const faultyFields = (errors: ReturnType<typeof faultsOf>): ProblemError =>
  new ProblemError({
    status: 0,
    code: "not_sent",
    title: "Not sent",
    detail: "A field is not right yet.",
    errors,
  });

type PartProps = {
  readonly draft: EndpointDraft;
  readonly change: (part: Partial<EndpointDraft>) => void;
  readonly error: unknown;
};

/** The URL and how it is requested. */
const WherePanel = ({ draft, change, error, isNew }: PartProps & { readonly isNew: boolean }) => {
  const field = (name: "url" | "uid" | "description") => ({
    value: draft[name],
    onChange: (value: string) => change({ [name]: value }),
    error: errorAt(error, name),
  });
  return (
    <Panel title="Where events go">
      <Stack>
        <TextField
          label="URL"
          type="url"
          inputMode="url"
          placeholder="https://crm.example.com/calls"
          required
          {...field("url")}
        />
        <Beside>
          <SelectField
            label="Method"
            value={draft.method}
            options={METHODS}
            onChange={(method) => change({ method })}
            error={errorAt(error, "method_type")}
          />
          {isNew ? (
            <TextField
              label="Your own ID (uid)"
              hint="Optional, and for good: letters, digits, . _ ~ -"
              {...field("uid")}
            />
          ) : null}
          <TextField label="Description" hint="At most 200 characters" {...field("description")} />
        </Beside>
        <PairsField
          legend="Headers"
          add="Add a header"
          pairs={draft.headers}
          errorOf={(name) => errorAt(error, `headers.${name}`)}
          onChange={(headers) => change({ headers })}
        />
      </Stack>
    </Panel>
  );
};

/** Which events it gets. */
const EventsPanel = ({ draft, change, error }: PartProps) => {
  const { agents: bound } = useMe();
  const agentIds = useAgentIds();
  const typeNames = useTypeNames();
  const isForAllAgents = draft.agents.includes(ALL);
  const isForAllTypes = draft.eventTypes.includes(ALL);
  return (
    <Panel title="Which events it gets">
      <Stack>
        {bound === null ? (
          <OneOf
            legend="Agents"
            name="agents"
            value={isForAllAgents ? "all" : "these"}
            options={[
              { value: "all", text: "All, later ones too" },
              { value: "these", text: "Only some" },
            ]}
            onChange={(value) => change({ agents: value === "all" ? [ALL] : [] })}
          />
        ) : null}
        {isForAllAgents ? null : (
          <TokensField
            label="Agent IDs"
            hint="Enter adds one; up to 200"
            values={draft.agents}
            suggestions={bound ?? agentIds}
            onChange={(agents) => change({ agents })}
            error={errorAt(error, "agents")}
          />
        )}
        <OneOf
          legend="Event types"
          name="event-types"
          value={isForAllTypes ? "all" : "these"}
          options={[
            { value: "all", text: "All, later ones too" },
            { value: "these", text: "Only some" },
          ]}
          onChange={(value) => change({ eventTypes: value === "all" ? [ALL] : [] })}
        />
        {isForAllTypes ? null : (
          <TokensField
            label="Names or patterns"
            hint="Enter adds one; a * at the beginning or end stands for the rest: call_*"
            values={draft.eventTypes}
            suggestions={typeNames}
            onChange={(eventTypes) => change({ eventTypes })}
            error={errorAt(error, "event_types")}
          />
        )}
        <FilterEditor
          filter={draft.filter}
          onChange={(filter) => change({ filter })}
          error={errorAt(error, "filter")}
        />
      </Stack>
    </Panel>
  );
};
