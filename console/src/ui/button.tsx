import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Link } from "wouter";
import css from "./ui.module.css";

type Look = "plain" | "primary" | "danger";

const classOf = (look: Look): string =>
  [css.button, look === "plain" ? "" : css[look]].filter(Boolean).join(" ");

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  readonly look?: Look;
  /** What it does is under way: it says so, and cannot be pressed again. */
  readonly isBusy?: boolean;
};

export const Button = ({ look = "plain", isBusy = false, children, ...rest }: ButtonProps) => (
  <button
    type="button"
    {...rest}
    className={classOf(look)}
    disabled={rest.disabled === true || isBusy}
    aria-busy={isBusy || undefined}
  >
    {isBusy ? "…" : null} {children}
  </button>
);

/** A link within the pages that looks like a button. */
export const ButtonLink = ({
  href,
  look = "plain",
  children,
}: {
  readonly href: string;
  readonly look?: Look;
  readonly children: ReactNode;
}) => (
  <Link href={href} className={classOf(look)}>
    {children}
  </Link>
);
