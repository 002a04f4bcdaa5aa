/** A count with its word, as people write it: `1 change`, `2 changes`. */
export function plural(count: number, word: string): string {
  return `${String(count)} ${word}${count === 1 ? "" : "s"}`;
}
