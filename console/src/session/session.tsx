import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { BASE_PATH, requestApi, whenSignedOut } from "../api/client.ts";
import { isPassing, ProblemError } from "../api/problem.ts";
import { Away } from "../ui/away.tsx";
import { Button } from "../ui/button.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import { MeContext, type Me } from "./me.ts";
import { currentToken, keepToken } from "./token.ts";
import { chooseWorkspace, currentWorkspace } from "./workspace.ts";

/** Noticed within this time: that a session was revoked while its page is open. */
const CHECK_MS = 5_000;

export type SignedOutView = (props: {
  readonly notice: string | undefined;
  readonly onToken: () => void;
}) => ReactNode;

const readMe = async (): Promise<Me> => {
  const response = await requestApi(new Request(`${location.origin}${BASE_PATH}/me`));
  return (await response.json()) as Me;
};

/** Shows the pages to whoever is signed in, and `signedOut` to everybody else. */
export const Session = ({
  workspaceId,
  signedOut: SignedOut,
  children,
}: {
  /** The one that the address names, where it names one. */
  readonly workspaceId: string | undefined;
  readonly signedOut: SignedOutView;
  readonly children: ReactNode;
}) => {
  const [token, setToken] = useState(currentToken);
  const [notice, setNotice] = useState<string>();
  const client = useQueryClient();
  if (currentWorkspace() !== workspaceId) chooseWorkspace(workspaceId);
  useEffect(() => {
    whenSignedOut(() => {
      setToken(null);
      setNotice("Your key or session is not valid, was revoked, or has ended.");
      client.clear();
    });
  }, [client]);
  const me = useQuery({
    queryKey: ["me", token, workspaceId],
    queryFn: readMe,
    enabled: token !== null,
    refetchInterval: CHECK_MS,
  });
  const onToken = () => {
    setNotice(undefined);
    setToken(currentToken());
  };
  if (token === null) return <SignedOut notice={notice} onToken={onToken} />;
  if (me.data !== undefined) return <MeContext value={me.data}>{children}</MeContext>;
  if (me.error instanceof ProblemError) {
    if (isPassing(me.error)) {
      return (
        <main>
          <Failure error={me.error} retry={() => void me.refetch()} />
        </main>
      );
    }
    const leave = () => {
      keepToken(null);
      setToken(null);
    };
    return <Refused error={me.error} workspaceId={workspaceId} leave={leave} />;
  }
  // Where nobody responds it is asked again for as long as it takes.
  return (
    <main>
      <Away />
      <Loading />
    </main>
  );
};

/** The caller may not see what the address names: it is another workspace's, or none. */
const Refused = ({
  error,
  workspaceId,
  leave,
}: {
  readonly error: ProblemError;
  readonly workspaceId: string | undefined;
  readonly leave: () => void;
}) => (
  <main>
    <Failure error={error} />
    <p>
      {workspaceId === undefined ? null : <a href="/console/">Go to your workspace</a>}{" "}
      <Button onClick={leave}>Sign out</Button>
    </p>
  </main>
);
