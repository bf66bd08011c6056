import { useEffect } from "react";
import { tellSessionExpired } from "./host-messages.ts";
import css from "../session/sign-in.module.css";

/** What the portal shows without a session: only the page around it can bring a new one. */
export const SessionEnded = () => {
  useEffect(tellSessionExpired, []);
  return (
    <main className={css.box}>
      <h1>This session has ended</h1>
      <p>Go back to where you came from, and open this page from there again.</p>
    </main>
  );
};
