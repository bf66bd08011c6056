import { errorAt } from "../../api/problem.ts";
import { SelectField, TextField } from "../../ui/field.tsx";
import { Beside, FieldGroup } from "../../ui/form.tsx";
import type { DeliveryDraft, OrderDraft } from "./delivery-draft.ts";

const UNSET = "as the operator has set";

type FieldsProps<Draft> = {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
  /** What the API says about the request. */
  readonly error: unknown;
  /** Where the field is in the request, such as `delivery`. */
  readonly path: string;
};

/** The fields of a delivery policy. */
export const DeliveryFields = ({ draft, onChange, error, path }: FieldsProps<DeliveryDraft>) => {
  const field = (name: keyof DeliveryDraft, at: string) => ({
    value: draft[name],
    onChange: (value: string) => onChange({ ...draft, [name]: value }),
    error: errorAt(error, `${path}.${at}`),
    placeholder: UNSET,
  });
  return (
    <FieldGroup legend="Delivery policy">
      <Beside>
        <TextField label="Time-out" hint="1s to 30s" {...field("timeout", "timeout")} />
        <TextField
          label="Delays before retries"
          hint="Up to ten, such as 10s 5m 1h; none: one attempt"
          {...field("retryDelays", "retry_delays")}
        />
        <TextField
          label="Statuses that mean success"
          hint="Such as 200,202 or 200-299"
          {...field("successStatus", "success_status")}
        />
        <TextField
          label="Attempts at once"
          hint="1 to 1,024"
          inputMode="numeric"
          {...field("maxInFlight", "max_in_flight")}
        />
        <TextField
          label="Attempts a second"
          hint="Over time; with a burst"
          inputMode="decimal"
          {...field("perSecond", "rate_limit.per_second")}
          placeholder="no limit"
        />
        <TextField
          label="Burst"
          hint="How many at once after a pause"
          inputMode="numeric"
          {...field("burst", "rate_limit.burst")}
          placeholder="no limit"
        />
        <SelectField
          label="Retry-After of a response"
          value={draft.retryAfter}
          options={[
            { value: "", text: "As the operator has set" },
            { value: "honour", text: "Lengthens the delay" },
            { value: "ignore", text: "Is ignored" },
          ]}
          onChange={(retryAfter) => onChange({ ...draft, retryAfter })}
          error={errorAt(error, `${path}.retry_after`)}
        />
      </Beside>
    </FieldGroup>
  );
};

/** Whether the events of a call come one after the other. */
export const OrderFields = ({ draft, onChange, error, path }: FieldsProps<OrderDraft>) => (
  <FieldGroup legend="Order within a call">
    <Beside>
      <SelectField
        label="While an earlier event of the call fails"
        value={draft.onFailure}
        options={[
          { value: "", text: "Events come as they can, in no order" },
          { value: "wait", text: "Later ones wait for its retries" },
          { value: "skip", text: "Later ones wait for its first attempt alone" },
        ]}
        onChange={(onFailure) =>
          onChange({ ...draft, onFailure: onFailure as OrderDraft["onFailure"] })
        }
        error={errorAt(error, `${path}.on_failure`)}
      />
      {draft.onFailure === "" ? null : (
        <TextField
          label="The longest wait"
          hint="1s to 24h; then it goes on without its turn"
          placeholder="10m"
          value={draft.maxWait}
          onChange={(maxWait) => onChange({ ...draft, maxWait })}
          error={errorAt(error, `${path}.max_wait`)}
        />
      )}
    </Beside>
  </FieldGroup>
);
