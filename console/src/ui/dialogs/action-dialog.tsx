import type { FormEvent, ReactNode } from "react";
import type { ShownCall } from "../../format/curl.ts";
import { Button } from "../button.tsx";
import { Curl } from "../code.tsx";
import { Dialog } from "./dialog.tsx";
import { FailedAction } from "./failed-action.tsx";
import css from "../form.module.css";

/** What somebody is about to do: what it means, its call as curl, and what the API says about it. */
export const ActionDialog = ({
  title,
  isOpen,
  onClose,
  children,
  call,
  confirm,
  look = "primary",
  error = null,
  isBusy = false,
  onConfirm,
  reload,
}: {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly call: ShownCall;
  /** The words of the button that does it. */
  readonly confirm: string;
  readonly look?: "primary" | "danger";
  readonly error?: unknown;
  readonly isBusy?: boolean;
  readonly onConfirm: () => void;
  /** Reads again what somebody else has changed meanwhile. */
  readonly reload?: (() => void) | undefined;
}) => {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // A form within a form of the page, by way of the tree of components.
    event.stopPropagation();
    onConfirm();
  };
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose}>
      <form className={css.form} onSubmit={submit} noValidate>
        {children}
        {error === null || error === undefined ? null : (
          <FailedAction error={error} reload={reload} />
        )}
        <Curl call={call} />
        <div className={css.buttons}>
          <Button type="submit" look={look} isBusy={isBusy}>
            {confirm}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
};
