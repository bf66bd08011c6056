import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { Button } from "../button.tsx";
import css from "../ui.module.css";

/** A dialog over the page: it keeps the focus, and Escape closes it. */
export const Dialog = ({
  title,
  isOpen,
  onClose,
  children,
}: {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) => (
  <Base.Root open={isOpen} onOpenChange={(open) => (open ? undefined : onClose())}>
    <Base.Portal>
      <Base.Backdrop className={css.backdrop} />
      <Base.Popup className={css.dialog}>
        <div className={css.pageHead}>
          <Base.Title>{title}</Base.Title>
          <Button onClick={onClose}>Close</Button>
        </div>
        {children}
      </Base.Popup>
    </Base.Portal>
  </Base.Root>
);
