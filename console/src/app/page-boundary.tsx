import { Component, type ReactNode } from "react";
import { Page } from "../ui/page.tsx";
import { Failure } from "../ui/states.tsx";

type Props = {
  /** Where the reader is: elsewhere, another page may work. */
  readonly at: string;
  readonly children: ReactNode;
};

type State = { readonly failure: { readonly error: unknown; readonly at: string } | undefined };

/**
 * Keeps a page that cannot be shown from taking the others with it. Most often its file could not be loaded: the service
 * was busy, or is of another version now, whose files have other names. React knows such boundaries as classes alone.
 */
export class PageBoundary extends Component<Props, State> {
  override state: State = { failure: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { failure: { error, at: "" } };
  }

  static getDerivedStateFromProps({ at }: Props, { failure }: State): State | null {
    if (failure === undefined || failure.at === at) return null;
    return { failure: failure.at === "" ? { ...failure, at } : undefined };
  }

  override render() {
    const { failure } = this.state;
    if (failure === undefined) return this.props.children;
    return (
      <Page title="This page could not be loaded">
        <Failure error={failure.error} retry={() => location.reload()} />
      </Page>
    );
  }
}
