import { HowdahError } from "../kernel/howdah-error.ts";
import type { CliContext } from "./context.ts";

/** What is said where nobody can be asked, and after a no. */
interface AskedWords {
  readonly what: string;
  readonly no: string;
}

const DELETES: AskedWords = { what: "This deletes something", no: "Nothing was deleted" };
/** Of restores: what is there is kept elsewhere before. */
export const REPLACES: AskedWords = { what: "This replaces what is there", no: "Nothing was replaced" };
/** Of suspensions. */
export const CLOSES: AskedWords = { what: "This closes sites to their visitors", no: "Nothing was suspended" };

/** Asks before something is deleted, or whatever `words` say. Errors: `cancelled` for a no, `usage/invalid` where nobody can be asked. */
export async function confirm(question: string, yes: boolean, context: CliContext, words: AskedWords = DELETES): Promise<void> {
  if (yes) return;
  if (!context.terminal.interactive)
    throw new HowdahError("usage/invalid", `${words.what} and nobody can be asked here`, { hint: "Add --yes when you mean it." });
  const { confirmOnTerminal } = await import("./ask.ts");
  if (!(await confirmOnTerminal(question))) throw new HowdahError("cancelled", words.no);
}
