import { useId, useState, type KeyboardEvent } from "react";
import { Button } from "./button.tsx";
import { TextField } from "./field.tsx";
import css from "./form.module.css";

/** Several short texts, such as ids or patterns: each is added by Enter, a comma or a space, and has a button that removes it. */
export const TokensField = ({
  label,
  hint,
  error,
  values,
  suggestions = [],
  onChange,
}: {
  readonly label: string;
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly values: readonly string[];
  /** What the field offers while somebody types. */
  readonly suggestions?: readonly string[];
  readonly onChange: (values: readonly string[]) => void;
}) => {
  const [typed, setTyped] = useState("");
  const list = useId();
  const add = () => {
    const words = typed.split(/[\s,]+/).filter((word) => word !== "");
    onChange([...new Set([...values, ...words])]);
    setTyped("");
  };
  const onKey = (event: KeyboardEvent<HTMLInputElement>) => {
    const isAdding = event.key === "Enter" || event.key === "," || event.key === " ";
    if (isAdding && typed.trim() !== "") {
      event.preventDefault();
      add();
    }
    if (event.key === "Backspace" && typed === "") onChange(values.slice(0, -1));
  };
  return (
    <div className={css.group}>
      <TextField
        label={label}
        hint={hint}
        error={error}
        value={typed}
        list={list}
        onChange={setTyped}
        onKeyDown={onKey}
        // What somebody typed and did not add is meant, too.
        onBlur={() => (typed.trim() === "" ? undefined : add())}
      />
      <datalist id={list}>
        {suggestions
          .filter((one) => !values.includes(one))
          .map((one) => (
            <option key={one} value={one} />
          ))}
      </datalist>
      {values.length === 0 ? null : (
        <div className={css.tokens} role="group" aria-label={`${label}: chosen`}>
          {values.map((value) => (
            <span key={value} className={css.token}>
              {value}
              <button
                type="button"
                aria-label={`Remove ${value}`}
                onClick={() => onChange(values.filter((one) => one !== value))}
              >
                ✕
              </button>
            </span>
          ))}
        </div>
      )}
    </div>
  );
};

/** A name and its value, such as a header. */
export type Pair = { readonly name: string; readonly value: string };

/** Names with values, a row for each. */
export const PairsField = ({
  legend,
  add,
  hint,
  pairs,
  errorOf,
  onChange,
}: {
  readonly legend: string;
  /** The words of the button that adds a row. */
  readonly add: string;
  readonly hint?: string;
  readonly pairs: readonly Pair[];
  readonly errorOf: (name: string) => string | undefined;
  readonly onChange: (pairs: readonly Pair[]) => void;
}) => {
  const set = (at: number, change: Partial<Pair>) =>
    onChange(pairs.map((pair, index) => (index === at ? { ...pair, ...change } : pair)));
  return (
    <fieldset className={css.group}>
      <legend>{legend}</legend>
      {hint === undefined ? null : <span className={css.hint}>{hint}</span>}
      {pairs.map((pair, at) => (
        // A row is its place: names may be the same while somebody types.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={at} className={css.pair}>
          <TextField
            label={`Name ${at + 1}`}
            value={pair.name}
            onChange={(name) => set(at, { name })}
            error={pair.name === "" ? undefined : errorOf(pair.name)}
          />
          <TextField
            label={`Value ${at + 1}`}
            value={pair.value}
            onChange={(value) => set(at, { value })}
          />
          <Button
            aria-label={`Remove ${pair.name === "" ? `row ${at + 1}` : pair.name}`}
            onClick={() => onChange(pairs.filter((_, index) => index !== at))}
          >
            ✕
          </Button>
        </div>
      ))}
      <div>
        <Button onClick={() => onChange([...pairs, { name: "", value: "" }])}>{add}</Button>
      </div>
    </fieldset>
  );
};
