import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { SignIn } from "./session/sign-in.tsx";
import { takeTokenFromAddress } from "./session/token.ts";
import { applyTheme, chosenMode } from "./theme/theme.ts";
import "./theme/tokens.css";

takeTokenFromAddress();
applyTheme({ mode: chosenMode() ?? "auto" }, document.documentElement);
const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <App way="console" signedOut={SignIn} />
  </StrictMode>,
);
