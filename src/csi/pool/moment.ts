/** The snapshot through which a volume is copied from another one: it goes when the copy is there. */
export function momentOf(id: string): string {
  return `${id}.moment`;
}
