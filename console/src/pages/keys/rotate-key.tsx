import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, dataOf } from "../../api/client.ts";
import { errorAt } from "../../api/problem.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { SelectField } from "../../ui/field.tsx";
import css from "../../ui/form.module.css";
import { ShownOnce } from "../../ui/dialogs/shown-once.tsx";
import { Failure } from "../../ui/states.tsx";
import type { ApiKey } from "./api-key.ts";

const OVERLAPS = [
  { value: "0s", text: "It ends at once" },
  { value: "1h", text: "One hour" },
  { value: "24h", text: "One day" },
  { value: "7d", text: "Seven days" },
];

/** Gives a key a new secret; the one before counts beside it for a while. */
export const RotateKey = ({
  apiKey: { key_id: keyId, name },
  onRotated,
  onDone,
}: {
  readonly apiKey: ApiKey;
  readonly onRotated: () => void;
  readonly onDone: () => void;
}) => {
  const [overlap, setOverlap] = useState("24h");
  const rotate = useMutation({
    mutationFn: () =>
      dataOf(
        api.POST("/api-keys/{key_id}/rotate", {
          params: { path: { key_id: keyId } },
          body: { overlap },
        }),
      ),
    onSuccess: onRotated,
  });
  if (rotate.data?.key !== undefined) {
    return <ShownOnce label="The new key" secret={rotate.data.key} onDone={onDone} />;
  }
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        rotate.mutate();
      }}
    >
      <p>
        <strong>{name}</strong> gets a new secret.
      </p>
      <SelectField
        label="How long the old one still counts"
        value={overlap}
        options={OVERLAPS}
        onChange={setOverlap}
        error={errorAt(rotate.error, "overlap")}
      />
      {rotate.error === null ? null : <Failure error={rotate.error} />}
      <Button look="primary" type="submit" isBusy={rotate.isPending}>
        Rotate
      </Button>
      <Curl call={{ method: "POST", path: `/api-keys/${keyId}/rotate`, body: { overlap } }} />
    </form>
  );
};
