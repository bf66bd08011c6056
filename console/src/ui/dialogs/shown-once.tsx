import { Button } from "../button.tsx";
import { Code } from "../code.tsx";
import css from "../form.module.css";

/** A secret that the API shows this once. */
export const ShownOnce = ({
  label,
  secret,
  onDone,
}: {
  /** What it is, such as `The key`. */
  readonly label: string;
  readonly secret: string;
  readonly onDone: () => void;
}) => (
  <div className={css.form}>
    <p role="status">
      {label} is shown this once. Copy it now: nobody can read it again, and only a digest is
      stored.
    </p>
    <Code text={secret} label={label} />
    <Button look="primary" onClick={onDone}>
      I have copied it
    </Button>
  </div>
);
