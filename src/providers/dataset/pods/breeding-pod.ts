/** The pod that a breed's Job runs in: what it makes belongs to it, lies on its node and goes with it. */
export interface BreedingPod {
  readonly namespace: string;
  readonly job: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  /** Claims that it has mounted, by the names of its volumes. */
  readonly volumes: readonly { readonly volume: string; readonly directory: string }[];
  readonly storageClassName: string | null;
  readonly deadlineSeconds: number;
}

/** The claim of one of a pod's own (ephemeral) volumes, as Kubernetes names it. */
export function claimOf(pod: Pick<BreedingPod, "name">, volume: string): string {
  return `${pod.name}-${volume}`;
}

/** The volume that a directory of the pod lies in, and where in it; undefined: in none. */
export function placeIn(
  { volumes }: Pick<BreedingPod, "volumes">,
  path: string,
): { readonly volume: string; readonly subPath: string } | undefined {
  const found = volumes.find(({ directory }) => path === directory || path.startsWith(`${directory}/`));
  return found === undefined ? undefined : { volume: found.volume, subPath: path.slice(found.directory.length + 1) };
}
