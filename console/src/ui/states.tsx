import type { ReactNode } from "react";
import { messageOf, ProblemError } from "../api/problem.ts";
import { Button } from "./button.tsx";
import css from "./ui.module.css";

/** There is nothing yet, and what to do about it. */
export const Empty = ({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}) => (
  <div className={css.state}>
    <strong>{title}</strong>
    {children === undefined ? null : <div className={css.muted}>{children}</div>}
  </div>
);

/** Something is being read: grey lines where it will be. */
export const Loading = ({ rows = 6 }: { readonly rows?: number }) => (
  <div className={css.panelBody} role="status" aria-label="Loading">
    {Array.from({ length: rows }, (_, row) => (
      <p key={row}>
        <span
          className={css.skeleton}
          style={{ display: "block", width: `${90 - ((row * 17) % 50)}%` }}
        />
        <br />
      </p>
    ))}
  </div>
);

/** What was asked for could not be had: the API's own words, what is wrong at each field, and a way on. */
export const Failure = ({
  error,
  retry,
}: {
  readonly error: unknown;
  readonly retry?: () => void;
}) => {
  const problem = error instanceof ProblemError ? error.problem : undefined;
  return (
    <div className={css.problem} role="alert">
      <strong>{problem?.title ?? "That did not work"}</strong>
      <span>{messageOf(error)}</span>
      {(problem?.errors ?? []).map(({ path, message }) => (
        <span key={path + message}>
          <code>{path}</code>: {message}
        </span>
      ))}
      {retry === undefined ? null : (
        <span className={css.actions}>
          <Button onClick={retry}>Try again</Button>
        </span>
      )}
    </div>
  );
};
