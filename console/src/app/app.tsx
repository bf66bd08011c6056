import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense, useEffect, useState, type ReactNode } from "react";
import { Link, Redirect, Route, Router, Switch, useLocation } from "wouter";
import { startTelling } from "../embedding/host-messages.ts";
import { useMe } from "../session/me.ts";
import { Session, type SignedOutView } from "../session/session.tsx";
import { ChooseWorkspace } from "../session/choose-workspace.tsx";
import { applyTheme } from "../theme/theme.ts";
import { Loading } from "../ui/states.tsx";
import { Page } from "../ui/page.tsx";
import { Toasts } from "../ui/toasts.tsx";
import { makeQueryClient } from "./query-client.ts";
import { PageBoundary } from "./page-boundary.tsx";
import { pagesFor } from "./pages.ts";
import { Shell } from "./shell.tsx";

type Way = "console" | "portal";

/** What `GET /me` says of an operator who has named no workspace. */
const EVERY_WORKSPACE = "*";

/** The pages for one workspace, at this base of the address. */
export const App = ({
  way,
  signedOut,
}: {
  readonly way: Way;
  readonly signedOut: SignedOutView;
}) => {
  return (
    <OwnMemory>
      <Toasts>
        {way === "portal" ? (
          <Session workspaceId={undefined} signedOut={signedOut}>
            <Embedded />
            <Pages way={way} />
          </Session>
        ) : (
          <Router base="/console">
            <Switch>
              <Route path="/w/:workspace/*?">
                {({ workspace }) => (
                  <OwnMemory key={workspace}>
                    <Session workspaceId={workspace} signedOut={signedOut}>
                      <Router base={`/w/${encodeURIComponent(workspace)}`}>
                        <Pages way={way} />
                      </Router>
                    </Session>
                  </OwnMemory>
                )}
              </Route>
              <Route>
                <Session workspaceId={undefined} signedOut={signedOut}>
                  <ToWorkspace />
                </Session>
              </Route>
            </Switch>
          </Router>
        )}
      </Toasts>
    </OwnMemory>
  );
};

/** Remembers what was read. Each workspace has a memory of its own: the same question has another answer there. */
const OwnMemory = ({ children }: { readonly children: ReactNode }) => {
  const [client] = useState(makeQueryClient);
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
};

const Pages = ({ way }: { readonly way: Way }) => {
  const me = useMe();
  const pages = pagesFor(way, me);
  const [at] = useLocation();
  const first = pages.find(({ nav }) => nav !== undefined);
  return (
    <Shell pages={pages} way={way}>
      <PageBoundary at={at}>
        <Suspense fallback={<Loading />}>
          <Switch>
            {pages.map(({ path, component }) => (
              <Route key={path} path={path} component={component} />
            ))}
            <Route path="/">
              {first === undefined ? <NothingHere /> : <Redirect to={first.path} replace />}
            </Route>
            <Route>
              <NothingHere />
            </Route>
          </Switch>
        </Suspense>
      </PageBoundary>
    </Shell>
  );
};

/** Gives the portal the colours of its session, and tells the page around it what happens. */
const Embedded = () => {
  const me = useMe();
  const { theme } = me;
  useEffect(() => {
    if (theme !== null && theme !== undefined) applyTheme(theme, document.documentElement);
  }, [theme]);
  useEffect(() => startTelling({ origin: me.origin ?? null }), [me.origin]);
  return null;
};

const NothingHere = () => (
  <Page title="Nothing here">
    <p>
      There is no such page, or you may not see it. <Link href="/">Go to the first page</Link>
    </p>
  </Page>
);

/** To the workspace of the key; who may see several chooses one. */
const ToWorkspace = () => {
  const me = useMe();
  if (me.workspace_id !== EVERY_WORKSPACE) {
    return <Redirect to={`/w/${encodeURIComponent(me.workspace_id)}/`} replace />;
  }
  return <ChooseWorkspace />;
};
