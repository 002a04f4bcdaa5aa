/** A lock that is held: let go with `release`, or by the end of the process. */
export interface HeldLock {
  release(): Promise<void>;
}

/**
 * One command at a time per namespace of a machine. `command` is what another one reads when it comes second ("howdah up");
 * `waitMs` is how long to wait for a holder (default 0).
 * Errors: `machine/busy`, naming the holder's process id and command.
 */
export type Lock = (
  namespace: string,
  command: string,
  options?: { readonly waitMs?: number; readonly signal?: AbortSignal },
) => Promise<HeldLock>;
