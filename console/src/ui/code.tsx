import { useState } from "react";
import { BASE_PATH } from "../api/client.ts";
import { curlText, type ShownCall } from "../format/curl.ts";
import { indentedJson } from "../format/json-text.ts";
import { visibleText } from "../format/visible-text.ts";
import { currentWorkspace } from "../session/workspace.ts";
import { Button } from "./button.tsx";
import css from "./ui.module.css";

const COPIED_MS = 2_000;

export const CopyButton = ({
  text,
  label = "Copy",
}: {
  readonly text: string;
  readonly label?: string;
}) => {
  const [said, setSaid] = useState<string>();
  const copy = async () => {
    const isCopied = await copied(text);
    setSaid(isCopied ? "Copied" : "Not allowed here: select the text");
    setTimeout(() => setSaid(undefined), COPIED_MS);
  };
  return (
    <Button onClick={() => void copy()} aria-live="polite">
      {said ?? label}
    </Button>
  );
};

/** Without TLS, and in a frame whose page does not allow it, only the old way is left. */
const copied = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
};

const copiedBySelection = (text: string): boolean => {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = css.sr ?? "";
  // Within a dialog, which keeps the focus.
  (before?.parentElement ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return isCopied;
};

/** Text as it is, never HTML; it can be scrolled by keyboard, too. */
export const Code = ({ text, label }: { readonly text: string; readonly label: string }) => (
  <div className={css.code}>
    <pre tabIndex={0} aria-label={label} role="region" dir="auto">
      {shown(text)}
    </pre>
    <span className={css.copy}>
      <CopyButton text={text} />
    </span>
  </div>
);

/** JSON with indents; its numbers, escapes and order of keys as they are written. */
export const JsonCode = ({ text, label }: { readonly text: string; readonly label: string }) => (
  <Code text={indentedJson(text)} label={label} />
);

const MAX_SHOWN = 200_000;

const shown = (text: string): string => {
  const visible = visibleText(text);
  if (visible.length <= MAX_SHOWN) return visible;
  return `${visible.slice(0, MAX_SHOWN)}\n… ${visible.length - MAX_SHOWN} more characters: copy the text to have them all`;
};

/** What an action does, as a command for a shell. */
export const Curl = ({ call }: { readonly call: ShownCall }) => {
  const api = location.origin + BASE_PATH;
  return (
    <details>
      <summary>As curl</summary>
      <Code text={curlText(call, { api, workspace: currentWorkspace() })} label="curl command" />
    </details>
  );
};
