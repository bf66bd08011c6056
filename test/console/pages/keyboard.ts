import type { Page } from "playwright-core";
import { accessFaults } from "../harness/axe.ts";
import { OPEN_DIALOG as DIALOG } from "../harness/dialog.ts";

const SOON_MS = 3_000;

/** Runs in the page: what a person can act on below `root`, in its order, and a name for each. */
const IN_PAGE = `
const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
const nameOf = (element) =>
  element.tagName.toLowerCase() + " '" +
  (element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent ?? "").trim().slice(0, 60) + "'";
const ACTS = "a[href], button:not(:disabled), input:not(:disabled), select, textarea, summary, [tabindex='0']";
const actionsOf = (root) => [...root.querySelectorAll(ACTS)].filter(shown).filter((element) => {
  // Arrows move between the choices of one name, and Tab comes to the chosen one.
  if (element.type !== "radio") return true;
  return element.checked;
});
const looksFocused = (element) => ["", "::after"].some((part) => {
  const { outlineStyle, outlineWidth } = getComputedStyle(element, part);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
});
// Its parts, such as day, month and year, each take a Tab.
const tabsOf = (element) => (/date|time/.test(element.type) ? 7 : 1);
const onlyByMouse = (root) => [...root.querySelectorAll("*")].filter((element) =>
  shown(element) && getComputedStyle(element).cursor === "pointer" &&
  element.closest(ACTS + ", label, button:disabled") === null);
`;

/** Whether something is so before long. */
export const becomes = async (isSo: () => Promise<boolean>): Promise<boolean> => {
  const untilMs = performance.now() + SOON_MS;
  while (performance.now() < untilMs) if (await isSo()) return true;
  return false;
};

const inPage = <T>(page: Page, code: string): Promise<T> =>
  page.evaluate(`(() => { ${IN_PAGE} ${code} })()`);

/** What cannot be reached below `root` by Tab, from where the focus is, and what shows no focus when it has it. */
export const unreachable = async (page: Page, root: string): Promise<readonly string[]> => {
  const top = `document.querySelector(${JSON.stringify(root)})`;
  const count = await inPage<number>(
    page,
    `window.reached = [document.activeElement];
     window.unmarked = [];
     window.watch?.abort();
     window.watch = new AbortController();
     document.addEventListener("focusin", ({ target }) => {
       window.reached.push(target);
       if (!looksFocused(target)) window.unmarked.push(nameOf(target));
     }, { signal: window.watch.signal });
     return actionsOf(${top}).filter((one) => !window.reached.includes(one))
       .reduce((sum, one) => sum + tabsOf(one), 0);`,
  );
  for (let n = 0; n < count; n += 1) await page.keyboard.press("Tab");
  const missed = () =>
    inPage<string[]>(
      page,
      `return actionsOf(${top}).filter((one) => !window.reached.includes(one)).map(nameOf);`,
    );
  // Those before the first one: a dialog leads from its end to its beginning, a frame later.
  for (let n = 0; n < count + 5 && (await missed()).length > 0; n += 1) {
    await page.keyboard.press("Tab");
    await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))");
  }
  return [
    ...(await missed()).map((name) => `Tab does not reach ${name}`),
    ...(await inPage<string[]>(
      page,
      `window.watch.abort();
       return [
         ...window.unmarked.map((name) => "no focus is seen on " + name),
         ...onlyByMouse(${top}).map((one) => "only a mouse reaches " + nameOf(one)),
       ];`,
    )),
  ];
};

/** Buttons of the page that do something other than to send a form: one of each name, without its numbers. */
const buttonNames = (page: Page): Promise<readonly string[]> =>
  inPage(
    page,
    `const all = [...document.querySelectorAll("main button:not(:disabled):not([type=submit])")].filter(shown);
     const kinds = new Map(all.map((one, at) => [nameOf(one).replace(/[0-9]+/g, "0"), at]).reverse());
     return [...kinds.keys()];`,
  );

/** Gives the focus to the first button of this name, and begins to watch whether anything comes of a press. */
const focusOn = (page: Page, name: string): Promise<boolean> =>
  inPage(
    page,
    `const all = [...document.querySelectorAll("main button")].filter(shown);
     window.pressed = all.find((one) => nameOf(one).replace(/[0-9]+/g, "0") === ${JSON.stringify(name)});
     window.pressed?.focus();
     window.changes = 0;
     new MutationObserver((seen) => { window.changes += seen.length; })
       .observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
     return window.pressed !== undefined;`,
  );

/** What a dialog that has just opened does wrong: it must have the focus, keep it, close, and give it back. */
const dialogFaults = async (page: Page, name: string): Promise<readonly string[]> => {
  const dialog = page.locator(DIALOG);
  const hasFocus = `document.querySelector("${DIALOG}").contains(document.activeElement)`;
  const found: string[] = [];
  if (!(await becomes(() => page.evaluate(hasFocus))))
    found.push(`${name}: no focus in its dialog`);
  const missed = [...(await unreachable(page, DIALOG)), ...(await accessFaults(page, DIALOG))];
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached", timeout: 5_000 }).catch(() => undefined);
  if ((await dialog.count()) > 0) return [...found, ...missed, `${name}: Escape does not close it`];
  if (!(await becomes(() => page.evaluate("document.activeElement === window.pressed"))))
    found.push(`${name}: the focus does not come back to it`);
  return [...found, ...missed.map((one) => `in the dialog of ${name}: ${one}`)];
};

/**
 * Presses each button of the page by Enter or by Space: something has to come of it, and a dialog has to behave. `restore`
 * brings the page back to where it was.
 */
export const pressFaults = async (
  page: Page,
  restore: () => Promise<void>,
): Promise<readonly string[]> => {
  const found: string[] = [];
  const at = page.url();
  for (const [nth, name] of (await buttonNames(page)).entries()) {
    if (page.url() !== at) await restore();
    // What another press took away, such as the button that clears something.
    if (!(await focusOn(page, name))) continue;
    await page.keyboard.press(nth % 2 === 0 ? "Enter" : "Space");
    if (!(await becomes(() => page.evaluate("window.changes > 0"))))
      found.push(`nothing comes of a press of ${name}`);
    if ((await page.locator(DIALOG).count()) > 0) found.push(...(await dialogFaults(page, name)));
  }
  return found;
};
