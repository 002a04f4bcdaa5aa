import { RESERVE } from "../../kernel/storage-driver.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";

/** On a StorageClass: `"true"` for the one that copies of its driver's snapshots are made in. */
const COPIES_ANNOTATION = `${LABEL_PREFIX}/copies`;
const DEFAULT_ANNOTATION = "storageclass.kubernetes.io/is-default-class";

/** What is known of a snapshot that is to be copied. */
export interface CopySource {
  readonly driver: string;
  /** Class of the claim that it was taken of; null: that is gone. */
  readonly sourceClass: string | null;
}

/**
 * The StorageClass for copies of a snapshot, which only its own driver can make: the one that the cluster's settings name, else one that says it is for
 * copies, else that of the claim it was taken of, else the default, else the first by name. Undefined: the driver has none. Pure.
 */
export function chooseClass(
  { driver, sourceClass }: CopySource,
  classes: readonly KubeObject[],
  wanted: string | null,
): string | undefined {
  const able = classes.filter((one) => one["provisioner"] === driver).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const isFor = (one: KubeObject): boolean =>
    one.metadata.annotations?.[COPIES_ANNOTATION] === "true" ||
    (one["parameters"] as Readonly<Record<string, string>> | undefined)?.[RESERVE] === "false";
  const order: readonly ((one: KubeObject) => boolean)[] = [
    ({ metadata }) => metadata.name === wanted,
    isFor,
    ({ metadata }) => metadata.name === sourceClass,
    ({ metadata }) => metadata.annotations?.[DEFAULT_ANNOTATION] === "true",
    () => true,
  ];
  for (const is of order) {
    const found = able.find(is);
    if (found !== undefined) return found.metadata.name;
  }
  return undefined;
}
