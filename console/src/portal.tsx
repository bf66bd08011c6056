import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { SessionEnded } from "./embedding/session-ended.tsx";
import { takeTokenFromAddress } from "./session/token.ts";
import "./theme/tokens.css";

takeTokenFromAddress();
const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <App way="portal" signedOut={SessionEnded} />
  </StrictMode>,
);
