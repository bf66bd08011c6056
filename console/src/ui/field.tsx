import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type TextareaHTMLAttributes,
} from "react";
import css from "./ui.module.css";

type Described = {
  readonly label: string;
  readonly hint?: ReactNode;
  /** What the API says is wrong with it. */
  readonly error?: string | undefined;
  /** The label is for readers of screens alone, where the place says what it is. */
  readonly isLabelHidden?: boolean;
};

type ControlProps = {
  readonly id: string;
  readonly className: string | undefined;
  readonly "aria-invalid"?: true | undefined;
  readonly "aria-describedby"?: string | undefined;
};

/** A label, a control, a hint, and what is wrong with it. */
const Field = ({
  label,
  hint,
  error,
  isLabelHidden = false,
  children,
}: Described & { readonly children: (control: ControlProps) => ReactNode }) => {
  const id = useId();
  const describedBy = [
    hint === undefined ? "" : `${id}-hint`,
    error === undefined ? "" : `${id}-error`,
  ]
    .filter((one) => one !== "")
    .join(" ");
  return (
    <div className={css.field}>
      <label className={isLabelHidden ? css.sr : css.label} htmlFor={id}>
        {label}
      </label>
      {children({
        id,
        className: css.control,
        "aria-invalid": error === undefined ? undefined : true,
        "aria-describedby": describedBy === "" ? undefined : describedBy,
      })}
      {hint === undefined ? null : (
        <span id={`${id}-hint`} className={css.hint}>
          {hint}
        </span>
      )}
      {error === undefined ? null : (
        <span id={`${id}-error`} className={css.error}>
          {error}
        </span>
      )}
    </div>
  );
};

type TextProps = Described &
  Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> & {
    readonly value: string;
    readonly onChange: (value: string) => void;
  };

export const TextField = ({ label, hint, error, onChange, ...rest }: TextProps) => (
  <Field label={label} hint={hint} error={error}>
    {(control) => (
      <input
        autoComplete="off"
        spellCheck={false}
        {...rest}
        {...control}
        onChange={(event) => onChange(event.target.value)}
      />
    )}
  </Field>
);

type AreaProps = Described &
  Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "onChange"> & {
    readonly value: string;
    readonly onChange: (value: string) => void;
  };

export const TextArea = ({ label, hint, error, onChange, ...rest }: AreaProps) => (
  <Field label={label} hint={hint} error={error}>
    {(control) => (
      <textarea
        spellCheck={false}
        rows={6}
        {...rest}
        {...control}
        onChange={(event) => onChange(event.target.value)}
      />
    )}
  </Field>
);

export type Option = { readonly value: string; readonly text: string };

export const SelectField = ({
  label,
  hint,
  error,
  isLabelHidden = false,
  value,
  options,
  onChange,
}: Described & {
  readonly value: string;
  readonly options: readonly Option[];
  readonly onChange: (value: string) => void;
}) => (
  <Field label={label} hint={hint} error={error} isLabelHidden={isLabelHidden}>
    {(control) => (
      <select {...control} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    )}
  </Field>
);

export const CheckField = ({
  label,
  isChecked,
  onChange,
  isDisabled = false,
}: {
  readonly label: ReactNode;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
  readonly isDisabled?: boolean;
}) => (
  <label>
    <input
      type="checkbox"
      checked={isChecked}
      disabled={isDisabled}
      onChange={(event) => onChange(event.target.checked)}
    />{" "}
    {label}
  </label>
);
