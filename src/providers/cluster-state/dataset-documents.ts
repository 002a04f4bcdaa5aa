import { gunzipSync, gzipSync } from "node:zlib";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { dataOf } from "./config-map-documents.ts";

/** Where generations, leases and the journal of a namespace's dataset are; each report has a ConfigMap of its own beside it, as it may be large. */
export const DATASET_CONFIG_MAP = "howdah-dataset";

/** A breed, the operator and environments that begin at once meet here. */
const TRIES = 40;

/** Who may breed now: the name of a Job. A key of the same ConfigMap, so that a write can depend on it. */
const BREEDER = "breeder";

/** JSON documents by name, as the workflows have them. */
interface Documents<T> {
  get(name: string): Promise<T | undefined>;
  list(prefix?: string): Promise<readonly T[]>;
  put(name: string, document: T): Promise<void>;
  remove(name: string): Promise<void>;
}

/** The kinds of documents. */
export interface DatasetKinds {
  readonly generations: unknown;
  readonly current: unknown;
  readonly leases: unknown;
  readonly journals: unknown;
  readonly reports: unknown;
}

/** What is remembered of the dataset of one namespace. */
export type DatasetDocuments<Kinds extends DatasetKinds> = { readonly [Kind in keyof DatasetKinds]: Documents<Kinds[Kind]> } & {
  /** The Job that may breed now; null: none may, and one that still does can write nothing any more. */
  setBreeder(job: string | null): Promise<void>;
};

type Api = Pick<KubernetesApi, "get" | "list" | "create" | "replace" | "delete">;
type Data = Readonly<Record<string, string>>;

/**
 * Documents of a namespace's dataset in ConfigMaps there, by the names that they have on one machine: generations and reports `NAMESPACE.gN`, `current` and
 * journals `NAMESPACE`, leases `HOLDER.gN`. A write replaces the object that was read, so nobody's key is lost, and each has one moment at which it happened.
 * Reads are never of a watch's memory: the protocol of leases needs that what was written before a read is seen by it, as the API server promises of reads
 * without a version. With `fence` every
 * write fails once another Job, or none, is the breeder: a pod that was taken for dead can publish nothing.
 * Errors: `machine/state-unreadable` for a damaged document, `dataset/failed` behind the fence, `cluster/*`.
 */
export function datasetDocuments<Kinds extends DatasetKinds>(api: Api, namespace: string, fence?: string): DatasetDocuments<Kinds> {
  const place = { resource: resources.ConfigMap, namespace, name: DATASET_CONFIG_MAP };
  const read = (): Promise<KubeObject | undefined> => api.get(place);

  const change = async (key: string, text: string | null, by: string | undefined): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      const found = await read();
      const data = dataOf(found) as Data;
      if (by !== undefined && data[BREEDER] !== by) throw cutOff(by);
      if ((data[key] ?? null) === text) return;
      const { [key]: _former, ...rest } = data;
      const wanted = text === null ? rest : { ...rest, [key]: text };
      try {
        if (found === undefined) await api.create(resources.ConfigMap, mapOf(namespace, DATASET_CONFIG_MAP, wanted));
        else await api.replace(resources.ConfigMap, { ...found, data: wanted });
        return;
      } catch (error) {
        if (!isConflict(error) || attempt === TRIES) throw error;
      }
    }
  };

  const store = <T>(kind: string, keyOf = (name: string) => `${kind}.${name}`): Documents<T> => ({
    get: async (name) => parsed(namespace, keyOf(name), dataOf(await read())[keyOf(name)]) as T | undefined,
    list: async (start = "") =>
      Object.entries(dataOf(await read()))
        .filter(([key]) => key.startsWith(keyOf(start)))
        .map(([key, text]) => parsed(namespace, key, text) as T),
    put: (name, document) => change(keyOf(name), JSON.stringify(document), fence),
    remove: (name) => change(keyOf(name), null, fence),
  });

  return {
    generations: store<Kinds["generations"]>("generation"),
    current: store<Kinds["current"]>("current"),
    leases: store<Kinds["leases"]>("lease"),
    journals: store<Kinds["journals"]>("journal"),
    reports: reportDocuments<Kinds["reports"]>(api, namespace),
    setBreeder: (job) => change(BREEDER, job, undefined),
  };
}

/** The report of `NAMESPACE.gN`: `howdah-dataset-report-gN`. */
function reportDocuments<T>(api: Api, namespace: string): Documents<T> {
  const nameOf = (name: string): string => `howdah-dataset-report-${name.slice(name.lastIndexOf(".") + 1)}`;
  const at = (name: string) => ({ resource: resources.ConfigMap, namespace, name: nameOf(name) });
  const read = (object: KubeObject): T | undefined => parsed(namespace, "report", textOf(object)) as T | undefined;
  return {
    get: async (name) => {
      const found = await api.get(at(name));
      return found === undefined ? undefined : read(found);
    },
    list: async () => {
      const labelSelector = `app.kubernetes.io/component=${REPORT}`;
      const { items } = await api.list(resources.ConfigMap, { namespace, labelSelector });
      return items.flatMap((object) => read(object) ?? []);
    },
    put: async (name, document) => {
      const { data: _former, binaryData: _packed, ...found } = (await api.get(at(name))) ?? mapOf(namespace, nameOf(name), {});
      const wanted = { ...found, ...contentOf(JSON.stringify(document)) };
      if (found.metadata.uid === undefined) await api.create(resources.ConfigMap, wanted);
      else await api.replace(resources.ConfigMap, wanted);
    },
    remove: async (name) => {
      const { uid } = (await api.get(at(name)))?.metadata ?? {};
      if (uid !== undefined) await api.delete(at(name), { preconditions: { uid } });
    },
  };
}

const REPORT = "howdah-dataset-report";
/** A ConfigMap takes 1 MiB; thousands of tables take more than that. */
const PLAIN_BYTES = 700_000;

function contentOf(text: string): { readonly data: Data } | { readonly binaryData: Data } {
  if (text.length < PLAIN_BYTES) return { data: { report: text } };
  return { binaryData: { "report.gz": gzipSync(text).toString("base64") } };
}

function textOf(object: KubeObject): string | undefined {
  const packed = (object["binaryData"] as Readonly<Record<string, string>> | undefined)?.["report.gz"];
  return packed === undefined ? dataOf(object)["report"] : gunzipSync(Buffer.from(packed, "base64")).toString();
}

function mapOf(namespace: string, name: string, data: Data): KubeObject {
  const component = name === DATASET_CONFIG_MAP ? DATASET_CONFIG_MAP : REPORT;
  const labels = { "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/component": component };
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data };
}

function isConflict(error: unknown): boolean {
  return error instanceof HowdahError && error.code === "cluster/conflict";
}

function cutOff(job: string): HowdahError {
  return new HowdahError("dataset/failed", `The breed of the Job ${job} was given up meanwhile`);
}

/** Reads a document. Error: `machine/state-unreadable`. */
function parsed(namespace: string, key: string, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new HowdahError("machine/state-unreadable", `The key ${key} of a ConfigMap of ${namespace}'s dataset is no JSON`, {
      cause: error,
      hint: `Take the key away: \`kubectl -n ${namespace} edit configmap ${DATASET_CONFIG_MAP}\`.`,
    });
  }
}
