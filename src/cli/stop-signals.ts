/** One press of Ctrl-C may come twice: the terminal sends it to the whole group, and a program that started us (npx, sudo) forwards it. */
const SAME_PRESS_MS = 300;

/** What the process lends: tests have another. */
export interface SignalHost {
  readonly write: (text: string) => void;
  readonly exit: (code: number) => void;
  /** Milliseconds that only grow. */
  readonly now: () => number;
}

/**
 * The first SIGINT or SIGTERM asks for an orderly end, a later one ends the process at once with 130 or 143: whoever presses Ctrl-C again
 * waits for something that does not end.
 */
export function stopSignals(host: SignalHost): { readonly controller: AbortController; readonly stop: (name: NodeJS.Signals) => void } {
  const controller = new AbortController();
  let first: number | undefined;
  const stop = (name: NodeJS.Signals): void => {
    if (first === undefined) {
      first = host.now();
      if (name === "SIGINT") host.write("\nStopping; nothing is left half-done… (Ctrl-C again ends at once)\n");
      controller.abort(new Error(name));
      return;
    }
    if (host.now() - first >= SAME_PRESS_MS) host.exit(name === "SIGINT" ? 130 : 143);
  };
  return { controller, stop };
}
