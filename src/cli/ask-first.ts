import { HowdahError } from "../kernel/howdah-error.ts";
import type { CliContext } from "./context.ts";

/** Asks before something is deleted, or whatever `words` say. Errors: `cancelled` for a no, `usage/invalid` where nobody can be asked. */
export async function confirm(
  question: string,
  yes: boolean,
  context: CliContext,
  words = { what: "This deletes something", no: "Nothing was deleted" },
): Promise<void> {
  if (yes) return;
  if (!context.terminal.interactive)
    throw new HowdahError("usage/invalid", `${words.what} and nobody can be asked here`, { hint: "Add --yes when you mean it." });
  const { confirmOnTerminal } = await import("./ask.ts");
  if (!(await confirmOnTerminal(question))) throw new HowdahError("cancelled", words.no);
}
