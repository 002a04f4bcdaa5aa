import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EnvironmentWishes } from "../../site/site-of-environment.ts";
import type { DocumentStore, Ports } from "../ports.ts";

/** Which code an environment runs: images of a release of its site, or images that were built of a commit. */
export type EnvironmentCode =
  | { readonly kind: "release"; readonly release: string }
  | { readonly kind: "commit"; readonly commit: string; readonly branch: string | null };

/** What its data began as. */
export type EnvironmentData =
  | { readonly kind: "dataset"; readonly generation: string }
  /** Nothing: the install hook makes it. */
  | { readonly kind: "fresh" }
  /** That of another environment of the site, by its namespace, at the moment of the creation. */
  | { readonly kind: "clone"; readonly of: string };

/** What was begun for an environment and is not finished. */
export interface EnvironmentWork {
  readonly verb: "create" | "reset" | "delete";
  /** RFC 3339. */
  readonly since: string;
  /** The process that is at it: while it lives nobody else goes on. */
  readonly by: string;
  /** Of a reset: to what. */
  readonly target?: { readonly generation: string | null; readonly newestRelease: boolean };
  /** What it waits for. */
  readonly waits?: string;
  /** Bytes of memory that it will take: counted as taken by whoever comes after. */
  readonly needsBytes?: number;
}

/** The description of an environment: enough to make it anew. Holds no secret. */
export interface EnvironmentRecord {
  /** `shop--review`: its name among all sites. */
  readonly namespace: string;
  /** `review` */
  readonly name: string;
  /** The namespace of its site. */
  readonly of: string;
  readonly code: EnvironmentCode;
  readonly data: EnvironmentData;
  readonly wishes: Omit<EnvironmentWishes, "name" | "data">;
  readonly owner: string;
  readonly createdAt: string;
  /** RFC 3339; null: until somebody deletes it. */
  readonly until: string | null;
  readonly work: EnvironmentWork | null;
  /** Why it does not serve, when making it failed. */
  readonly failure: string | null;
  /** Why a newer commit did not take the place of the one that serves; undefined: none was refused since. */
  readonly notFollowed?: string;
}

/** The documents of this machine. Error: `usage/invalid` on a cluster. */
export function environmentStore({ environments }: Pick<Ports, "environments">): DocumentStore<EnvironmentRecord> {
  if (environments !== undefined) return environments;
  throw new HowdahError("usage/invalid", "Environments of a cluster are not made by this version");
}

/** The environments of a site, or all, by name. */
export async function environmentsOf(site: string | undefined, ports: Pick<Ports, "environments">): Promise<readonly EnvironmentRecord[]> {
  const known = await environmentStore(ports).list(site === undefined ? undefined : `${site}--`);
  return known.filter(({ of }) => site === undefined || of === site).toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1));
}

/**
 * The environment that a person means: `shop--review`, or `review` with its site, or alone where only one site has one of that name.
 * Error: `environment/unknown` with those that there are.
 */
export async function requireEnvironment(
  name: string,
  site: string | undefined,
  ports: Pick<Ports, "environments">,
): Promise<EnvironmentRecord> {
  const known = await environmentsOf(undefined, ports);
  const meant = known.filter((one) => (one.namespace === name || one.name === name) && (site ?? one.of) === one.of);
  const [found, another] = meant;
  if (found !== undefined && another === undefined) return found;
  const names = known.filter(({ of }) => site === undefined || of === site).map(({ namespace }) => namespace);
  if (another !== undefined)
    throw new HowdahError("environment/unknown", `Several sites have an environment ${name}`, {
      hint: `Name its site, too, or one of: ${meant.map(({ namespace }) => namespace).join(", ")}.`,
    });
  throw new HowdahError(
    "environment/unknown",
    `There is no environment ${JSON.stringify(name)}${site === undefined ? "" : ` of ${site}`}`,
    {
      hint: names.length === 0 ? "`howdah env create` makes one." : `There are: ${names.slice(0, 20).join(", ")}.`,
    },
  );
}

/** Changes an environment's document as it is now; gone meanwhile: nothing is written. The caller holds its lock. */
export async function changeEnvironment(
  namespace: string,
  change: (record: EnvironmentRecord) => EnvironmentRecord,
  ports: Pick<Ports, "environments">,
): Promise<EnvironmentRecord | undefined> {
  const store = environmentStore(ports);
  const now = await store.get(namespace);
  if (now === undefined) return undefined;
  const changed = change(now);
  await store.put(namespace, changed);
  return changed;
}

/** A description of what came into service as it says. */
export function serving({ notFollowed: _former, ...record }: EnvironmentRecord): EnvironmentRecord {
  return { ...record, work: null, failure: null };
}

/** One command at a time makes, resets or deletes an environment; its rollouts take the lock of its namespace besides. */
export function withEnvironment<T>(namespace: string, command: string, ports: Pick<Ports, "locks">, work: () => Promise<T>): Promise<T> {
  return ports.locks.hold(`environment_${namespace}`, command, work);
}
