import type { ErrorCode } from "../../kernel/error-catalog.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";

/** What the operating system refuses and a person can mend, wherever it comes up. */
const system: Readonly<Record<string, readonly [ErrorCode, (path: string) => string]>> = {
  ENOSPC: ["machine/disk-full", (path) => `No space left on the file system of ${path}`],
  EDQUOT: ["machine/disk-full", (path) => `The disk quota is used up on the file system of ${path}`],
  EACCES: ["machine/needs-root", (path) => `May not read or write ${path}`],
  EPERM: ["machine/needs-root", (path) => `May not change ${path}`],
};

/** Anything thrown, with a name: what is neither ours nor the operating system's is a bug, and says so with its stack. */
export function nameFailure(error: unknown, aborted: boolean): HowdahError {
  if (error instanceof HowdahError) return error;
  if (aborted) return new HowdahError("cancelled", "Stopped", { cause: error });
  return systemFailure(error) ?? bug(error);
}

/** The first cause that the operating system named, with the path it was about. */
function systemFailure(error: unknown): HowdahError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const [name, words] = (code === undefined ? undefined : system[code]) ?? [];
  if (name === undefined || words === undefined) return systemFailure(error.cause);
  return new HowdahError(name, words(dest ?? path ?? "this machine"), { cause: error });
}

function bug(error: unknown): HowdahError {
  const text = error instanceof Error ? error.message : String(error);
  return new HowdahError("bug", text, { cause: error, output: error instanceof Error ? (error.stack ?? "").split("\n").slice(1, 12) : [] });
}
