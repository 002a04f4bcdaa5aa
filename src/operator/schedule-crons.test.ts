import { expect, it } from "vitest";
import type { JobRequest, JobRun } from "../engine/jobs.ts";
import type { KubeObject } from "../kubernetes/kubernetes-api.ts";
import { releaseObject, releaseSpecOf } from "../workflows/cluster/release-resource.ts";
import { siteOf } from "../workflows/cluster/testing/cluster-rig.ts";
import type { CronMemory } from "../workflows/ports.ts";
import type { OperatorPorts } from "./operator-ports.ts";
import { scheduleCrons } from "./schedule-crons.ts";

const noon = Date.parse("2026-11-21T12:00:00Z");
const site = siteOf("blog", {
  runtime: { php: "8.2" },
  crons: { tidy: { schedule: "* * * * *", command: "php tidy.php" } },
});

function release(id: string, of: typeof site = site): KubeObject {
  const image = { reference: "registry.test/blog", digest: `sha256:${"0".repeat(64)}` };
  const built = { site: of, images: { web: image, php: image }, codeDigest: "", watched: {}, git: null, who: "", when: "", why: null };
  return releaseObject("acme", id, releaseSpecOf({ ...built, rollbackOf: null }));
}

function environment(status: object, metadata: object = {}): KubeObject {
  return {
    apiVersion: "howdah.dev/v1alpha1",
    kind: "Environment",
    metadata: { name: "production", namespace: "acme", ...metadata },
    spec: {},
    status,
  };
}

/** Starts in ten minutes of a cluster with these objects, what was logged, and how often the server was asked for what the watches know. */
async function started(
  environments: readonly KubeObject[],
  releases: readonly KubeObject[],
  memory: Map<string, CronMemory> = new Map<string, CronMemory>(),
) {
  const starts: (JobRequest & { readonly namespace: string })[] = [];
  let now = noon;
  let lists = 0;
  const stop = new AbortController();
  const jobs = {
    start: async ({ namespace }: { readonly namespace: string }, request: JobRequest) => void starts.push({ ...request, namespace }),
    list: async (): Promise<readonly JobRun[]> => [],
    stop: async () => undefined,
    forget: async () => undefined,
  };
  const documents = {
    get: async (key: string) => memory.get(key),
    list: async () => [...memory.values()],
    put: async (key: string, document: CronMemory) => void memory.set(key, document),
    remove: async (key: string) => void memory.delete(key),
  };
  const asking = { ...jobs, list: async () => ((lists += 1), []) };
  const complaints: string[] = [];
  const awake = { asked: async () => void (lists += 1), known: async () => undefined };
  const portsWith = (its: typeof jobs, ensureAwake: () => Promise<void>): OperatorPorts =>
    ({
      ownNamespace: "howdah-system",
      log: (_level: string, message: string) => void complaints.push(message),
      clock: {
        now: () => now,
        sleep: async (ms: number) => {
          now += ms;
          if (now > noon + 600_000) stop.abort();
          await new Promise(setImmediate);
        },
      },
      portsFor: () => ({ engine: { jobs: its, ensureAwake }, crons: documents }),
    }) as unknown as OperatorPorts;
  const stores = new Map(releases.map((one) => [`acme/${one.metadata.name}`, one]));
  const reflectors = {
    Environment: { objects: { all: () => environments } },
    Release: { objects: { get: (key: string) => stores.get(key) } },
  };
  await scheduleCrons({ ports: portsWith(asking, awake.asked), known: portsWith(jobs, awake.known), reflectors }, stop.signal);
  return { starts, lists, complaints };
}

it.each<{ name: string; environments: readonly KubeObject[]; releases: readonly KubeObject[]; runs: number; complaints?: number }>([
  {
    name: "starts the crons of the release that serves",
    environments: [environment({ release: "r1" })],
    releases: [release("r1")],
    runs: 10,
  },
  { name: "starts none before a release serves", environments: [environment({})], releases: [release("r1")], runs: 0 },
  {
    name: "starts none while an environment is taken down",
    environments: [environment({ release: "r1" }, { deletionTimestamp: "2026-11-21T11:00:00Z" })],
    releases: [release("r1")],
    runs: 0,
  },
  {
    name: "goes on though a release is damaged, and says so once",
    environments: [environment({ release: "r1" }), environment({ release: "r2" }, { name: "other" })],
    releases: [release("r1"), { ...release("r2"), spec: {} }],
    runs: 10,
    complaints: 1,
  },
  {
    name: "goes on though nobody can read the crons of a release, and says so once",
    environments: [environment({ release: "r2" }, { name: "other" }), environment({ release: "r1" })],
    releases: [release("r1"), release("r2", { ...site, crons: [{ name: "bad" }] as never })],
    runs: 10,
    complaints: 1,
  },
])("$name, and asks the server for nothing that is watched", async ({ environments, releases, runs, complaints: said = 0 }) => {
  const { starts, lists, complaints } = await started(environments, releases);
  expect(lists).toBe(0);
  expect(starts).toHaveLength(runs);
  expect(complaints).toHaveLength(said);
  expect(starts.every(({ namespace, name }) => namespace === "acme" && name === "tidy")).toBe(true);
});

it.each([
  { name: "is there, though its status names no release just then", environments: [environment({})], releases: [release("r1")], kept: 1 },
  { name: "is there, though its release is not known yet", environments: [environment({ release: "r2" })], releases: [], kept: 1 },
  { name: "is there, but has no such cron any more", environments: [environment({ release: "r1" })], releases: [release("r1")], kept: 0 },
  { name: "is gone", environments: [], releases: [], kept: 0 },
])("remembers when crons ran of a site that $name: $kept", async ({ environments, releases, kept }) => {
  const mark = { after: noon, next: null, schedule: "" } as unknown as CronMemory["mark"];
  const memory = new Map([["acme.other", { namespace: "acme", cron: "other", mark, last: null, left: null }]]);
  await started(environments, releases, memory);
  expect([...memory.keys()].filter((key) => key === "acme.other")).toHaveLength(kept);
});
