/** The workspace that the pages are about, for callers who may see several; the address names it. */
let chosen: string | undefined;

export const currentWorkspace = (): string | undefined => chosen;

export const chooseWorkspace = (workspaceId: string | undefined): void => {
  chosen = workspaceId;
};
