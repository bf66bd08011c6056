import { useEffect, useRef, type ReactNode } from "react";
import css from "./ui.module.css";

/** A page: its title, which gets the focus as the page opens, its actions, and what it shows. */
export const Page = ({
  title,
  actions,
  children,
}: {
  readonly title: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Ringback`;
    // Readers of screens hear where they are; an open dialog keeps its focus.
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div className={css.page}>
      <div className={css.pageHead}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions === undefined ? null : <div className={css.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  );
};

/** A part of a page with a title of its own. */
export const Panel = ({
  title,
  actions,
  isFlush = false,
  children,
}: {
  readonly title?: string;
  readonly actions?: ReactNode;
  /** Without a margin around what it holds, such as a table. */
  readonly isFlush?: boolean;
  readonly children: ReactNode;
}) => (
  <section className={css.panel}>
    {title === undefined ? null : (
      <div className={css.panelHead}>
        <h2>{title}</h2>
        {actions === undefined ? null : <div className={css.actions}>{actions}</div>}
      </div>
    )}
    {isFlush ? children : <div className={css.panelBody}>{children}</div>}
  </section>
);

/** Names and values, one below the other. */
export const Definitions = ({ of }: { readonly of: Readonly<Record<string, ReactNode>> }) => (
  <dl className={css.definitions}>
    {Object.entries(of).map(([name, value]) => (
      <div key={name} className={css.contents}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);
