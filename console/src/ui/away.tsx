import { useSyncExternalStore } from "react";
import { connection, onConnection } from "../api/connection.ts";
import css from "./ui.module.css";

/** Says that the API cannot be reached, for as long as that is so. The pages keep what they have, and ask again by themselves. */
export const Away = () => {
  const now = useSyncExternalStore(onConnection, connection);
  return (
    <div role="status">
      {now === "away" ? (
        <p className={css.away}>
          The API cannot be reached. What you see may be old; this page goes on by itself.
        </p>
      ) : null}
    </div>
  );
};
