import { useEffect, useId, useState } from "react";
import { useSearchParams } from "wouter";
import { errorAt } from "../api/problem.ts";
import { Button } from "./button.tsx";
import { SelectField, TextField, type Option } from "./field.tsx";
import css from "./filters.module.css";

/** A filter of a list: its name in the address is its name in the API. */
export type Filter = {
  readonly name: string;
  readonly label: string;
  /** What may be chosen; without it, text is typed. */
  readonly options?: readonly Option[];
  readonly placeholder?: string;
  /** Offered while text is typed; any other text may be typed, too. */
  readonly suggestions?: readonly string[];
};

export type Filters = {
  /** Those that are set, by name, as the API takes them. */
  readonly values: Readonly<Record<string, string>>;
  readonly set: (name: string, value: string) => void;
  /** Undefined where none is set. */
  readonly clear: (() => void) | undefined;
};

/** The filters of a list as the address has them, so that a link shows the same list. */
export const useFilters = (names: readonly string[]): Filters => {
  const [params, setParams] = useSearchParams();
  const values = Object.fromEntries(
    names.flatMap((name) => {
      const value = params.get(name);
      return value === null || value === "" ? [] : [[name, value]];
    }),
  );
  const change = (next: URLSearchParams) => setParams(next, { replace: true });
  return {
    values,
    set: (name, value) => {
      const next = new URLSearchParams(params);
      if (value === "") next.delete(name);
      else next.set(name, value);
      change(next);
    },
    clear: Object.keys(values).length === 0 ? undefined : () => change(without(params, names)),
  };
};

const without = (params: URLSearchParams, names: readonly string[]): URLSearchParams => {
  const next = new URLSearchParams(params);
  for (const name of names) next.delete(name);
  return next;
};

const TYPING_MS = 350;

export const FilterBar = ({
  of,
  filters,
  error,
}: {
  readonly of: readonly Filter[];
  readonly filters: Filters;
  /** What the API said to them: it shows at the fields. */
  readonly error?: unknown;
}) => (
  <div className={css.bar} role="search">
    {of.map((filter) =>
      filter.options === undefined ? (
        <TypedFilter key={filter.name} filter={filter} filters={filters} error={error} />
      ) : (
        <SelectField
          key={filter.name}
          label={filter.label}
          value={filters.values[filter.name] ?? ""}
          options={optionsWith(filter.options, filters.values[filter.name] ?? "")}
          error={errorAt(error, filter.name)}
          onChange={(value) => filters.set(filter.name, value)}
        />
      ),
    )}
    {filters.clear === undefined ? null : <Button onClick={filters.clear}>Clear</Button>}
  </div>
);

/** Shows what the address has, too, where it is none of the options: a link may name several values. */
const optionsWith = (options: readonly Option[], value: string): readonly Option[] => {
  const isKnown = value === "" || options.some((option) => option.value === value);
  const own = isKnown ? [] : [{ value, text: value.replaceAll("_", " ").replaceAll(",", ", ") }];
  return [{ value: "", text: "Any" }, ...options, ...own];
};

/** Takes effect once nothing was typed for a moment. */
const TypedFilter = ({
  filter,
  filters,
  error,
}: {
  readonly filter: Filter;
  readonly filters: Filters;
  readonly error: unknown;
}) => {
  const id = useId();
  const inAddress = filters.values[filter.name] ?? "";
  const [typed, setTyped] = useState(inAddress);
  useEffect(() => setTyped(inAddress), [inAddress]);
  useEffect(() => {
    if (typed === inAddress) return;
    const { pathname } = location;
    const timer = setTimeout(() => {
      // Somebody may have gone to another page, of which the file is still being loaded: this one is there until then.
      if (location.pathname === pathname) filters.set(filter.name, typed.trim());
    }, TYPING_MS);
    return () => clearTimeout(timer);
  });
  const { suggestions } = filter;
  return (
    <div>
      <TextField
        label={filter.label}
        value={typed}
        placeholder={filter.placeholder}
        onChange={setTyped}
        error={errorAt(error, filter.name)}
        {...(suggestions === undefined ? {} : { list: id })}
      />
      {suggestions === undefined ? null : (
        <datalist id={id}>
          {suggestions.map((text) => (
            <option key={text} value={text} />
          ))}
        </datalist>
      )}
    </div>
  );
};
