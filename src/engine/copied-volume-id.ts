/**
 * The id of a volume of an environment in the storage of datasets. A namespace of an environment holds `--`, which no number of a generation does: so none of
 * them is called like a volume of a dataset, whatever a site is called.
 */
export function copiedVolumeId(namespace: string, claim: string): string {
  return `env.${namespace}.${claim}`;
}

/** The snapshot of another environment's volume that one of this environment is a copy of. */
export function copiedFromId(namespace: string, claim: string): string {
  return `from.${namespace}.${claim}`;
}

/** Whose volume or snapshot an id is of; undefined for what is no environment's. */
export function ownerOfCopy(id: string): { readonly namespace: string; readonly claim: string } | undefined {
  const [kind = "", namespace = "", claim = "", ...more] = id.split(".");
  const isOurs = (kind === "env" || kind === "from") && namespace.includes("--") && claim !== "" && more.length === 0;
  return isOurs ? { namespace, claim } : undefined;
}
