/** Where the operator keeps the runbooks; the service writes it into the page. */
const base = document.querySelector<HTMLMetaElement>('meta[name="runbooks"]')?.content;

/** The runbook of an alert: a link where it is known where they are, else its name. */
export const Runbook = ({ alert }: { readonly alert: string }) =>
  base === undefined ? (
    <span>runbook {alert}</span>
  ) : (
    <a href={`${base.replace(/\/$/, "")}/${alert}.md`} target="_blank" rel="noreferrer">
      {alert}
    </a>
  );
