/** Where a program of ours lies that is a process of its own: beside this file in a checkout; in a bundle beside its entry, above the chunks. */
export function besideBundle(name: string, from: string = import.meta.url): URL {
  if (from.endsWith(".ts")) return new URL(`./${name}.ts`, from);
  return new URL(/\/chunks\/[^/]+$/.test(from) ? `../${name}.js` : `./${name}.js`, from);
}
