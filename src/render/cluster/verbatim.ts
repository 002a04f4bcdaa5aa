/**
 * A word or value of a container as somebody wrote it: a kubelet puts variables in the place of `$(NAME)`, and one `$` in that of two. Doubled,
 * they are what was written. For `command`, `args` and the values of `env`; programs that are run by `exec` need it not.
 */
export function verbatim(text: string): string {
  return /\$[$(]/.test(text) ? text.replaceAll("$", "$$$$") : text;
}
