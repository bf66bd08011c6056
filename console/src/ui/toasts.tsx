import { Toast } from "@base-ui/react/toast";
import type { ReactNode } from "react";
import css from "./ui.module.css";

const manager = Toast.createToastManager();

/** Says for some seconds what came of an action; readers of screens hear it. */
export const notify = (title: string): void => {
  manager.add({ title });
};

export const Toasts = ({ children }: { readonly children: ReactNode }) => (
  <Toast.Provider toastManager={manager} limit={3}>
    {children}
    <Toast.Portal>
      <Toast.Viewport className={css.toasts}>
        <List />
      </Toast.Viewport>
    </Toast.Portal>
  </Toast.Provider>
);

const List = () => {
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className={css.toast}>
      <Toast.Title />
    </Toast.Root>
  ));
};
