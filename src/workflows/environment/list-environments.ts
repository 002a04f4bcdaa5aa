import { copiedVolumeId } from "../../engine/copied-volume-id.ts";
import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import type { Ports } from "../ports.ts";
import { type EnvironmentRecord, environmentsOf } from "./environment.ts";
import { type Lifetime, lifetimeOf } from "./lifetime.ts";

/** An environment as lists show it. */
export interface ListedEnvironment {
  readonly namespace: string;
  readonly name: string;
  readonly of: string;
  readonly state: "running" | "asleep" | "down" | "changing" | "waiting" | "creating" | "resetting" | "deleting" | "failed";
  /** What it waits for, or why it failed; of one that runs: why a newer commit does not. */
  readonly because: string | null;
  readonly url: string | null;
  readonly code: EnvironmentRecord["code"];
  readonly data: EnvironmentRecord["data"];
  readonly owner: string;
  readonly createdAt: string;
  readonly until: string | null;
  readonly lifetime: Lifetime;
  /** Bytes on the disk that only this environment holds; null: nobody counted. */
  readonly ownBytes: number | null;
}

export type ListPorts = Pick<Ports, "environments" | "records" | "engine" | "clock" | "datasetStorage">;

/** Environments of a site, or all. `sizes`: the bytes of each are counted, which takes a moment for each of many files. */
export async function listEnvironments(
  site: string | undefined,
  { sizes }: { readonly sizes: boolean },
  ports: ListPorts,
): Promise<readonly ListedEnvironment[]> {
  const records = await environmentsOf(site, ports);
  const storage = sizes ? await ports.datasetStorage?.existing() : undefined;
  return await Promise.all(records.map((record) => listed(record, storage, ports)));
}

async function listed(record: EnvironmentRecord, storage: DatasetStorage | undefined, ports: ListPorts): Promise<ListedEnvironment> {
  const { namespace, name, of, code, data, owner, createdAt, until } = record;
  const [site, use] = await Promise.all([ports.records.get(namespace), ports.engine.use(namespace)]);
  return {
    ...{ namespace, name, of, code, data, owner, createdAt, until },
    ...stateOf(record, use.state),
    url: site?.url ?? null,
    lifetime: lifetimeOf(record, ports.clock.now()),
    ownBytes: storage === undefined ? null : await ownBytes(namespace, storage),
  };
}

const WORK = { create: "creating", reset: "resetting", delete: "deleting" } as const;

function stateOf(
  { work, failure, notFollowed }: EnvironmentRecord,
  use: "running" | "asleep" | "down" | "changing",
): Pick<ListedEnvironment, "state" | "because"> {
  if (work?.waits !== undefined) return { state: "waiting", because: work.waits };
  if (work !== null) return { state: WORK[work.verb], because: null };
  return failure === null ? { state: use, because: notFollowed ?? null } : { state: "failed", because: failure };
}

async function ownBytes(namespace: string, storage: DatasetStorage): Promise<number> {
  const prefix = copiedVolumeId(namespace, "");
  const own = (await storage.list()).filter(({ id }) => id.startsWith(prefix));
  const sizes = await Promise.all(own.map(({ id }) => storage.usage(id).catch(() => ({ ownBytes: 0 }))));
  return sizes.reduce((sum, size) => sum + size.ownBytes, 0);
}
