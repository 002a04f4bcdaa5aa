import type { KubernetesApi } from "../../../kubernetes/kubernetes-api.ts";
import { resources } from "../../../kubernetes/resources.ts";
import { memoryApi } from "../../../kubernetes/testing/memory-api.ts";
import { BREED_JOB_LABEL, BREED_PART_LABEL } from "../../../kernel/breed-labels.ts";
import type { DatasetStatus } from "../../../resources/schema/dataset.ts";
import type { ClusterDatasets } from "../../../workflows/dataset/dataset-document-kinds.ts";
import type { BreedJournal } from "../../../workflows/dataset/breed-journal.ts";
import type { Generation, GenerationState } from "../../../workflows/dataset/generation.ts";
import type { Ports, SiteRecord } from "../../../workflows/ports.ts";
import type { OperatorPorts } from "../../operator-ports.ts";
import { operatorRig } from "../../testing/operator-rig.ts";
import { reconcileDataset } from "../reconcile-dataset.ts";

const never = new AbortController().signal;
const image = `registry.test/image@sha256:${"0".repeat(64)}`;

/** A site with a database and rules that serves, and a Dataset of it; Jobs do what the test says. */
export async function datasetRig({ spec = {}, snapshots = true }: { readonly spec?: object; readonly snapshots?: boolean } = {}) {
  const api = memoryApi();
  const rig = operatorRig(api);
  await rig.applySite({ dataset: { keep: 1, tables: {} } });
  await rig.release("r1", "one");
  await rig.settle();
  rig.events.length = 0;
  const record = await rig.ports.records.get("acme");
  if (record === undefined) throw new TypeError("nothing serves");
  const database = { name: "acme", user: "acme", server: "mariadb-11-8", host: "mariadb-11-8.howdah-system.svc", port: 3306 };
  await rig.ports.records.put("acme", {
    ...record,
    database,
    site: { ...record.site, database: { version: "11.8" }, dataset: { keep: 1 } },
  } as unknown as SiteRecord);
  await makeClasses(api, snapshots);
  const metadata = { name: "blog", namespace: "acme" };
  await api.create(resources.Dataset, { apiVersion: "howdah.dev/v1alpha1", kind: "Dataset", metadata, spec });
  const clock = { now: Date.parse("2026-11-22T12:00:00Z") };
  const datasets = rig.ports.clusterDatasets;
  if (datasets === undefined) throw new TypeError("no documents");
  const portsOn = (on: KubernetesApi, documents: ClusterDatasets): OperatorPorts => {
    const databases = { ...rig.ports.databases, sizeBytes: async () => 5 * 1024 ** 3 };
    const sharedImages = { ...rig.ports.sharedImages, get: async () => ({ name: "x", reference: image, version: "11.8" }) };
    const ports: Ports = { ...rig.ports, databases, sharedImages, clusterDatasets: documents };
    return { ...rig.operator, api: on, portsFor: () => ports, clock: { now: () => clock.now, sleep: async () => undefined } };
  };
  const place = { resource: resources.Dataset, ...metadata };
  const once = (ports = portsOn(api, datasets)) => reconcileDataset(ports)({ namespace: "acme", name: "blog" }, never);
  const look = async (): Promise<void> => {
    for (let times = 0; times < 6; times += 1) await once();
  };
  const status = async () => ((await api.get(place))?.["status"] ?? {}) as DatasetStatus;
  const jobs = () => api.all("Job").filter(({ metadata: { labels } }) => labels?.[BREED_JOB_LABEL] !== undefined);
  return {
    ...{ rig, api, clock, datasets, look, once, status, place, portsOn, jobs },
    ask: async (annotations: Readonly<Record<string, string | null>>) => {
      await api.mergePatch(place, { metadata: { annotations } });
      await look();
    },
    conditions: async () => ((await status()).conditions ?? []).map((one) => `${one.type}=${one.status} ${one.reason}`),
    /** The Job under way has come so far; its pod runs. */
    bred: async (id: string, state: GenerationState) => {
      await datasets.generations.put(`acme.${id}`, generation(id, state));
      const journal: BreedJournal = {
        site: "acme",
        generation: id,
        step: state,
        runner: "pod",
        startedAt: "2026-11-22T12:00:00Z",
        steps: [],
      };
      await datasets.journals.put("acme", journal);
      await snapshot(api, `acme.${id}.database`);
      const name = (await status()).breeding?.job ?? "";
      const labels = { [BREED_JOB_LABEL]: name, [BREED_PART_LABEL]: "breeder" };
      const pod = { name: `${name}-x`, namespace: "acme" };
      await api.create(resources.Pod, { apiVersion: "v1", kind: "Pod", metadata: { ...pod, labels }, spec: {} });
    },
    /** As the workflow publishes. */
    published: async (id: string) => {
      await datasets.generations.put(`acme.${id}`, generation(id, "current"));
      await datasets.current.put("acme", { site: "acme", generation: id, since: "2026-11-22T12:00:00Z" });
      await datasets.journals.remove("acme");
    },
    /** The Job ends, and its pod has said this. */
    ended: async (ok: boolean, words: object | string) => {
      const name = (await status()).breeding?.job ?? "";
      const conditions = [{ type: ok ? "Complete" : "Failed", status: "True", message: "Job was active longer than specified deadline" }];
      await api.mergePatch({ resource: resources.Job, namespace: "acme", name }, { status: { conditions } }, { subresource: "status" });
      const message = typeof words === "string" ? words : JSON.stringify(words);
      const containerStatuses = [{ name: "breeder", state: { terminated: { exitCode: ok ? 0 : 1, message } } }];
      const pod = { resource: resources.Pod, namespace: "acme", name: `${name}-x` };
      await api.mergePatch(pod, { status: { containerStatuses } }, { subresource: "status" });
    },
    podsGone: async () => {
      for (const { metadata: one } of api.all("Pod").filter(({ metadata: { labels } }) => labels?.[BREED_JOB_LABEL] !== undefined))
        await api.delete({ resource: resources.Pod, namespace: "acme", name: one.name }, { preconditions: { uid: one.uid ?? "" } });
    },
    snapshots: () => api.all("VolumeSnapshot").map(({ metadata: one }) => one.name),
  };
}

/** One with a snapshot of its database. */
export function generation(id: string, state: GenerationState): Generation {
  const volumes = [{ name: "database", path: null, snapshot: `acme.${id}.database`, bytes: 1 }];
  const capturedAt = "2026-11-22T11:59:00Z";
  return {
    site: "acme",
    id,
    state,
    requestedAt: "2026-11-30T00:00:00Z",
    capturedAt,
    publishedAt: null,
    volumes,
    report: null,
    reason: null,
  } as unknown as Generation;
}

async function snapshot(api: KubernetesApi, name: string): Promise<void> {
  const apiVersion = "snapshot.storage.k8s.io/v1";
  await api.apply(resources.VolumeSnapshot, { apiVersion, kind: "VolumeSnapshot", metadata: { name, namespace: "acme" }, spec: {} });
}

async function makeClasses(api: KubernetesApi, snapshots: boolean): Promise<void> {
  const isDefault = { "storageclass.kubernetes.io/is-default-class": "true" };
  const [storage, snapshotting] = ["storage.k8s.io/v1", "snapshot.storage.k8s.io/v1"];
  const metadata = { name: "fast", annotations: isDefault };
  await api.create(resources.StorageClass, { apiVersion: storage, kind: "StorageClass", metadata, provisioner: "csi.test" });
  const driver = snapshots ? "csi.test" : "other.test";
  await api.create(resources.VolumeSnapshotClass, {
    apiVersion: snapshotting,
    kind: "VolumeSnapshotClass",
    metadata: { name: "snaps" },
    driver,
  });
}
