import type { ReactNode } from "react";
import css from "./form.module.css";

/** Fields one below the other. */
export const Stack = ({ children }: { readonly children: ReactNode }) => (
  <div className={css.form}>{children}</div>
);

/** Fields beside each other, where there is room. */
export const Beside = ({ children }: { readonly children: ReactNode }) => (
  <div className={css.two}>{children}</div>
);

/** Buttons at the end of a form. */
export const Buttons = ({ children }: { readonly children: ReactNode }) => (
  <div className={css.buttons}>{children}</div>
);

/** Fields that belong together, under a name of their own. */
export const FieldGroup = ({
  legend,
  children,
}: {
  readonly legend: string;
  readonly children: ReactNode;
}) => (
  <fieldset className={`${css.group} ${css.part}`}>
    <legend>{legend}</legend>
    {children}
  </fieldset>
);

/** Something that people should read before they go on. */
export const Note = ({
  tone = "plain",
  children,
}: {
  readonly tone?: "plain" | "good" | "warn";
  readonly children: ReactNode;
}) => (
  <div className={tone === "plain" ? css.note : `${css.note} ${css[tone]}`} role="status">
    {children}
  </div>
);

/** One of a few, all of them in sight. */
export const OneOf = <Value extends string>({
  legend,
  name,
  value,
  options,
  onChange,
}: {
  readonly legend: string;
  readonly name: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly text: ReactNode }[];
  readonly onChange: (value: Value) => void;
}) => (
  <fieldset className={css.group}>
    <legend>{legend}</legend>
    <div className={css.options}>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />{" "}
          {option.text}
        </label>
      ))}
    </div>
  </fieldset>
);
