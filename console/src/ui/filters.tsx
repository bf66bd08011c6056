import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
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
};

export type Filters = {
  /** Those that are set, by name, as the API takes them. */
  readonly values: Readonly<Record<string, string>>;
  readonly set: (name: string, value: string) => void;
  readonly clear: () => void;
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
    clear: () => {
      const next = new URLSearchParams(params);
      for (const name of names) next.delete(name);
      change(next);
    },
  };
};

const TYPING_MS = 350;

export const FilterBar = ({
  of,
  filters,
}: {
  readonly of: readonly Filter[];
  readonly filters: Filters;
}) => (
  <div className={css.bar} role="search">
    {of.map((filter) =>
      filter.options === undefined ? (
        <TypedFilter key={filter.name} filter={filter} filters={filters} />
      ) : (
        <SelectField
          key={filter.name}
          label={filter.label}
          value={filters.values[filter.name] ?? ""}
          options={[{ value: "", text: "Any" }, ...filter.options]}
          onChange={(value) => filters.set(filter.name, value)}
        />
      ),
    )}
    {Object.keys(filters.values).length === 0 ? null : (
      <Button onClick={filters.clear}>Clear</Button>
    )}
  </div>
);

/** Takes effect once nothing was typed for a moment. */
const TypedFilter = ({
  filter,
  filters,
}: {
  readonly filter: Filter;
  readonly filters: Filters;
}) => {
  const inAddress = filters.values[filter.name] ?? "";
  const [typed, setTyped] = useState(inAddress);
  useEffect(() => setTyped(inAddress), [inAddress]);
  useEffect(() => {
    if (typed === inAddress) return;
    const timer = setTimeout(() => filters.set(filter.name, typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  });
  return (
    <TextField
      label={filter.label}
      value={typed}
      placeholder={filter.placeholder}
      onChange={setTyped}
    />
  );
};
