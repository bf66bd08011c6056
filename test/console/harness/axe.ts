import axe from "axe-core";
import type { Page } from "playwright-core";

type Found = {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
};

/**
 * What axe finds wrong with a page as it is now, or with a part of it, for WCAG 2.2 AA and best practices; each with where
 * it is. `rules`: these alone.
 */
export const accessFaults = async (
  page: Page,
  part?: string,
  rules?: readonly string[],
): Promise<readonly string[]> => {
  // As text: the page's security policy lets nobody but the browser itself run it.
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(axe.source);
  const where = part === undefined ? "document" : JSON.stringify(part);
  const options = rules === undefined ? {} : { runOnly: rules };
  const run = `axe.run(${where}, ${JSON.stringify(options)})`;
  const { violations } = (await page.evaluate(run)) as { violations: readonly Found[] };
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary ?? ""}`),
  );
};

/** Whether a page is wider than its window, so that it must be moved sideways to be read. */
export const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");
