import { useState } from "react";
import { ProblemError } from "../../api/problem.ts";
import { Button } from "../button.tsx";
import { Failure } from "../states.tsx";
import css from "../ui.module.css";

/** Why a change was not made. Where somebody else has changed the thing meanwhile, it says so, and offers to read it again. */
export const FailedAction = ({
  error,
  reload,
}: {
  readonly error: unknown;
  readonly reload?: (() => void) | undefined;
}) => {
  const [loadedFor, setLoadedFor] = useState<unknown>();
  const isChanged = error instanceof ProblemError && error.problem.status === 412;
  if (!isChanged) return <Failure error={error} />;
  if (loadedFor === error) {
    return (
      <div className={css.problem} role="alert">
        <span>It is loaded again. Look at how it is now, and then confirm.</span>
      </div>
    );
  }
  return (
    <div className={css.problem} role="alert">
      <strong>Somebody else has changed it meanwhile</strong>
      <span>
        Nothing was stored. Load it again to see how it is now, and then make your change.
      </span>
      {reload === undefined ? null : (
        <span className={css.actions}>
          <Button
            onClick={() => {
              setLoadedFor(error);
              reload();
            }}
          >
            Load it again
          </Button>
        </span>
      )}
    </div>
  );
};
