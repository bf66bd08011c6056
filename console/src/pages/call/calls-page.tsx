import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { Page, Panel } from "../../ui/page.tsx";

/** Finds a call by its id. */
export const CallsPage = () => {
  const [callId, setCallId] = useState("");
  const [, go] = useLocation();
  const open = (event: FormEvent) => {
    event.preventDefault();
    if (callId.trim() !== "") go(`/calls/${encodeURIComponent(callId.trim())}`);
  };
  return (
    <Page title="Calls">
      <Panel>
        <form onSubmit={open}>
          <TextField label="Call ID" value={callId} onChange={setCallId} />
          <Button type="submit" look="primary">
            Show the call
          </Button>
        </form>
      </Panel>
    </Page>
  );
};
