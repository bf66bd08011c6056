import { useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { nameText } from "../format/visible-text.ts";
import { useMe, type Me } from "../session/me.ts";
import { currentToken, keepToken } from "../session/token.ts";
import icon from "../theme/icon.svg";
import { chooseMode, chosenMode } from "../theme/theme.ts";
import { Away } from "../ui/away.tsx";
import { Button } from "../ui/button.tsx";
import { SelectField } from "../ui/field.tsx";
import type { PageEntry } from "./page-entry.ts";
import css from "./shell.module.css";

const GROUPS = ["Traffic", "Configuration", "Access", "Operator"] as const;

/** What is around every page: the navigation, who is signed in, and whether the API can be reached. */
export const Shell = ({
  pages,
  way,
  children,
}: {
  readonly pages: readonly PageEntry[];
  readonly way: "console" | "portal";
  readonly children: ReactNode;
}) => {
  const [isOpen, setOpen] = useState(false);
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#main">
        Skip to the page
      </a>
      <header className={isOpen ? `${css.side} ${css.open}` : css.side}>
        <div className={css.brand}>
          <img src={icon} alt="" width="24" height="24" />
          {way === "console" ? "Ringback" : "Webhooks"}
          <span className={css.menuButton}>
            <Button onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
              Menu
            </Button>
          </span>
        </div>
        <nav aria-label="Pages">
          {GROUPS.map((group) => (
            <Group
              key={group}
              title={group}
              pages={pages.filter(({ nav }) => nav?.group === group)}
              onGo={() => setOpen(false)}
            />
          ))}
        </nav>
        {way === "console" ? <Foot /> : null}
      </header>
      <div>
        <Away />
        <main id="main">{children}</main>
      </div>
    </div>
  );
};

const Group = ({
  title,
  pages,
  onGo,
}: {
  readonly title: string;
  readonly pages: readonly PageEntry[];
  readonly onGo: () => void;
}) => {
  const [location] = useLocation();
  if (pages.length === 0) return null;
  return (
    <div className={css.group}>
      <h2 className={css.groupTitle}>{title}</h2>
      {pages.map(({ path, nav }) => {
        const isHere = location === path || location.startsWith(path === "/" ? "//" : `${path}/`);
        return (
          <Link
            key={path}
            href={path}
            onClick={onGo}
            className={isHere ? `${css.link} ${css.active}` : css.link}
            aria-current={isHere ? "page" : undefined}
          >
            {nav?.title}
          </Link>
        );
      })}
    </div>
  );
};

const MODES = [
  { value: "auto", text: "As the system" },
  { value: "light", text: "Light" },
  { value: "dark", text: "Dark" },
] as const;

/** Ends the session of somebody who signed in with an account; a key goes from this tab alone. */
const signOut = async (kind: Me["kind"]) => {
  if (kind === "person") {
    const headers = { authorization: `Bearer ${currentToken() ?? ""}` };
    await fetch("/console/sign-out", { method: "POST", headers }).catch(() => undefined);
  }
  keepToken(null);
  location.assign("/console/");
};

const Foot = () => {
  const me = useMe();
  const [mode, setMode] = useState(() => chosenMode() ?? "auto");
  const choose = (value: string) => {
    const chosen = MODES.find((one) => one.value === value)?.value ?? "auto";
    setMode(chosen);
    chooseMode(chosen, document.documentElement);
  };
  return (
    <div className={css.foot}>
      <SelectField label="Colours" value={mode} options={MODES} onChange={choose} />
      <span>
        Workspace {me.workspace_id}, as {nameText(me.name, me.id)}
      </span>
      <span>
        {me.operator || me.workspaces.length > 0 ? (
          <a href="/console/workspaces">Another workspace</a>
        ) : null}
      </span>
      <Button onClick={() => void signOut(me.kind)}>Sign out</Button>
    </div>
  );
};
