import { useState, type ReactNode } from "react";
import { Button } from "../button.tsx";
import { Dialog } from "./dialog.tsx";
import { Failure } from "../states.tsx";
import css from "../ui.module.css";

/** A button that asks before it does what cannot be undone. */
export const ConfirmButton = ({
  label,
  title,
  children,
  run,
}: {
  readonly label: string;
  /** What is asked, such as `Delete the key CRM?`. */
  readonly title: string;
  /** What comes of it, and its call. */
  readonly children: ReactNode;
  /** Rejects with what the API says. */
  readonly run: () => Promise<void>;
}) => {
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await run();
      setOpen(false);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button look="danger" onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Dialog title={title} isOpen={isOpen} onClose={() => setOpen(false)}>
        {children}
        {error === undefined ? null : <Failure error={error} />}
        <div className={css.actions}>
          <Button look="danger" isBusy={isBusy} onClick={() => void confirm()}>
            {label}
          </Button>
          <Button onClick={() => setOpen(false)}>Cancel</Button>
        </div>
      </Dialog>
    </>
  );
};
