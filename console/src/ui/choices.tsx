import { CheckField } from "./field.tsx";
import css from "./form.module.css";
import ui from "./ui.module.css";

/** Some of a few things, such as scopes. */
export const Choices = ({
  label,
  of,
  chosen,
  error,
  onChange,
}: {
  readonly label: string;
  readonly of: readonly string[];
  readonly chosen: readonly string[];
  readonly error?: string | undefined;
  readonly onChange: (chosen: readonly string[]) => void;
}) => (
  <fieldset className={css.choices}>
    <legend>{label}</legend>
    {of.map((one) => (
      <CheckField
        key={one}
        label={one}
        isChecked={chosen.includes(one)}
        onChange={(isChosen) =>
          onChange(isChosen ? [...chosen, one] : chosen.filter((other) => other !== one))
        }
      />
    ))}
    {error === undefined ? null : <span className={ui.error}>{error}</span>}
  </fieldset>
);
