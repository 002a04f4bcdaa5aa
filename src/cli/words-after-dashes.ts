import type { Command } from "commander";

/**
 * A command's words split at the first `--`: `[site] -- program --flag` has an optional word before and a program after, which commander gives as
 * one list. Without a `--` there is nothing after.
 */
export function wordsAfterDashes(command: Command): { readonly before: readonly string[]; readonly after: readonly string[] } {
  const typed = typedWords(command);
  const at = typed.indexOf("--");
  const after = at === -1 ? [] : typed.slice(at + 1);
  return { before: command.args.slice(0, command.args.length - after.length), after };
}

/** All that was typed; commander keeps it with the program, in a property that its types don't name. */
function typedWords(command: Command): readonly string[] {
  if (command.parent !== null) return typedWords(command.parent);
  return (command as Command & { readonly rawArgs: readonly string[] }).rawArgs;
}
