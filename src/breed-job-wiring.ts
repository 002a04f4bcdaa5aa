import { writeFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { VERSION } from "./cli/version.ts";
import { clusterAccess } from "./clusters-wiring.ts";
import type { Event } from "./kernel/event.ts";
import { HowdahError } from "./kernel/howdah-error.ts";
import { Secret } from "./kernel/secret.ts";
import { connectCluster } from "./kubernetes/create-kubernetes-api.ts";
import type { KubernetesApi } from "./kubernetes/kubernetes-api.ts";
import { resources } from "./kubernetes/resources.ts";
import { configMapDocuments } from "./providers/cluster-state/config-map-documents.ts";
import { datasetDocuments } from "./providers/cluster-state/dataset-documents.ts";
import { withSqlClient } from "./providers/database/mariadb/sql-client.ts";
import { type ClaimsStorage, claimsStorage } from "./providers/dataset-storage/claims/claims-storage.ts";
import { packDirectory } from "./providers/dataset/pack-directory.ts";
import { type BreedingPod, claimOf } from "./providers/dataset/pods/breeding-pod.ts";
import { isAlive, podPrivateServers, type PodServers } from "./providers/dataset/pods/pod-private-servers.ts";
import { systemClock } from "./providers/system-clock.ts";
import type { BreedOrders } from "./render/dataset/breed-job.ts";
import { BREED_PATHS } from "./render/dataset/breed-paths.ts";
import { siteDatabase } from "./workflows/database/site-database.ts";
import type { DatasetDocumentKinds } from "./workflows/dataset/dataset-document-kinds.ts";
import { breedInJob, type BreedJobPorts } from "./workflows/dataset/job/breed-in-job.ts";
import type { SiteRecord } from "./workflows/ports.ts";

/** Words beyond that Kubernetes would cut in the middle of JSON. */
const MOST_WORDS = 800;
const MIB = 1024 * 1024;

/** Runs the one breed that a Job is for, and leaves what came of it where the operator reads it. Log lines are JSON objects. Answers the exit code. */
export async function runWiredBreed(
  orders: BreedOrders,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
  write: (line: string) => void,
): Promise<number> {
  const log = (line: object): void => {
    write(JSON.stringify({ time: new Date().toISOString(), ...line }));
  };
  try {
    const { id } = await breed(orders, environment, signal, log);
    await writeFile(BREED_PATHS.answer, JSON.stringify({ generation: id }));
    return 0;
  } catch (error) {
    const code = error instanceof HowdahError ? error.code : "dataset/failed";
    const message = (error instanceof Error ? error.message : String(error)).slice(0, MOST_WORDS);
    log({ type: "failed", code, message, output: error instanceof HowdahError ? error.output : [] });
    await writeFile(BREED_PATHS.answer, JSON.stringify({ failed: { code, message } }));
    return 1;
  }
}

async function breed(orders: BreedOrders, environment: NodeJS.ProcessEnv, signal: AbortSignal, log: (line: Event) => void) {
  const { namespace } = orders;
  const access = clusterAccess(environment, undefined);
  const { api } = await connectCluster({ access, clock: systemClock, random: Math.random, userAgent: `howdah-breeder/${VERSION}` });
  try {
    const record = await configMapDocuments<SiteRecord>(api, (name) => ({ namespace: name, key: "site" })).get(namespace);
    if (record === undefined)
      throw new HowdahError("site/unknown", `No site serves in ${namespace}: there is nothing to breed a dataset from`);
    const declared = await api.get({ resource: resources.Site, namespace, name: record.site.name }, signal);
    const ports = await portsOf(orders, podIn(orders, environment), record, api);
    return await breedInJob({ record, declared, image: orders.databaseImage }, ports, { emit: log, signal });
  } finally {
    api.close();
  }
}

function podIn({ namespace, job, volumes, storageClassName, deadlineSeconds }: BreedOrders, environment: NodeJS.ProcessEnv): BreedingPod {
  const { POD_NAME: name = "", POD_UID: uid = "", NODE_NAME: node = "" } = environment;
  if (name === "" || uid === "" || node === "") throw new HowdahError("usage/invalid", "This command is for the Job of a breed only");
  return { namespace, job, name, uid, node, volumes, storageClassName, deadlineSeconds };
}

async function portsOf(orders: BreedOrders, pod: BreedingPod, record: SiteRecord, api: KubernetesApi): Promise<BreedJobPorts> {
  const { namespace, job } = orders;
  const raw = orders.volumes.find(({ part }) => part === "raw")?.directory ?? "";
  const made: { storage?: ClaimsStorage } = {};
  const servers = podPrivateServers({ api, pod, runDirectory: join(raw, "run"), copyAt: (directory) => made.storage?.copyAt(directory) });
  const storage = storageOf(orders, pod, api, servers);
  made.storage = storage;
  const { host, port, user } = siteDatabase(record);
  const server = { name: host, locate: () => Promise.resolve({ address: host, port }) };
  const password = await secretIn(BREED_PATHS.password, "password");
  const maskKey = await secretIn(BREED_PATHS.maskKey, "mask-key");
  return {
    ...{ clock: systemClock, servers, storage, documents: datasetDocuments<DatasetDocumentKinds>(api, namespace, job) },
    ask: (work) => withSqlClient({ server, user, password }, work),
    secrets: { getOrGenerate: () => Promise.resolve(maskKey) },
    readMount: (path, archive, { signal }) => packDirectory(path, archive, signal),
    processIdentity: () => Promise.resolve(`${pod.name}/${pod.uid}`),
    isProcessAlive: (identity) => {
      const [name = "", uid = ""] = identity.split("/");
      return isAlive(api, namespace, { name, uid });
    },
  };
}

function storageOf(orders: BreedOrders, pod: BreedingPod, api: KubernetesApi, servers: PodServers): ClaimsStorage {
  const { namespace, volumes, snapshotClassName, databaseImage: image } = orders;
  const claims = volumes.map(({ part, volume, directory, size }) => ({ part, size, directory, claim: claimOf(pod, volume) }));
  return claimsStorage({
    ...{ api, namespace, claims, snapshotClassName, now: () => systemClock.now() },
    // Our own image has no program for it.
    flush: async (directories, signal = new AbortController().signal) => {
      const mounted = directories.map((from, index) => ({ from, to: `/flush/${String(index)}` }));
      const argv = ["sync", "-f", ...mounted.map(({ to }) => to)];
      const container = { breed: orders.job, image, argv, directories: mounted, memoryBytes: 64 * MIB };
      const { code, lastLines: output } = await servers.run(container, { signal });
      if (code !== 0) throw new HowdahError("dataset/storage-broken", "What was written can't be brought to its disk", { output });
    },
  });
}

async function secretIn(directory: string, key: string): Promise<Secret> {
  return new Secret((await readFile(join(directory, key), "utf8")).trim(), key);
}
