import type { Locator, Page } from "playwright-core";

/** The dialog that is open. What a page says for some seconds in its corner (a toast) has the same role. */
export const OPEN_DIALOG = "[role=dialog][data-open]";

export const openDialog = (page: Page): Locator => page.locator(OPEN_DIALOG);

/** Presses a button of the dialog that is open. */
export const pressInDialog = (page: Page, name: string): Promise<void> =>
  openDialog(page).getByRole("button", { name, exact: true }).click();
