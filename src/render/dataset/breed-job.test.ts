import { describe, expect, it } from "vitest";
import { type BreedJob, breedJob, type BreedOrders } from "./breed-job.ts";
import { breederRules } from "./breeder-rules.ts";

const job: BreedJob = {
  ...{ namespace: "shop", name: "howdah-breed-1", owner: { apiVersion: "howdah.dev/v1alpha1", name: "shop", uid: "u-1" } },
  ...{ image: "example.org/howdah@sha256:0", databaseImage: "example.org/mariadb@sha256:1" },
  volumes: [
    { part: "raw", size: "3Gi" },
    { part: "new-database", size: "2Gi" },
    { part: "new-files-uploads", size: "1Gi" },
  ],
  mounts: [{ claim: "uploads", path: "/srv/web/public/uploads" }],
  ...{ storageClassName: "howdah", snapshotClassName: "howdah", deadlineSeconds: 600 },
  ...{ source: ["mariadb-11-8.howdah-system.svc.cluster.local:3306"], apiServers: [{ address: "10.99.0.10", port: 6443 }] },
};
const objects = breedJob(job);
const podOf = () => {
  const spec = objects.at(-1)?.["spec"] as { template: { spec: Record<string, unknown> } };
  return spec.template.spec as {
    serviceAccountName: string;
    containers: { command: string[]; volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[] }[];
    volumes: { name: string; ephemeral?: object; persistentVolumeClaim?: { claimName: string; readOnly?: boolean } }[];
  };
};

describe("what one breed is made of", () => {
  it("goes with its Dataset, the Job last", () => {
    expect(objects.map(({ kind }) => kind)).toEqual([
      ...["ServiceAccount", "Role", "RoleBinding", "NetworkPolicy", "NetworkPolicy", "NetworkPolicy", "Job"],
    ]);
    for (const { metadata } of objects)
      expect(metadata).toMatchObject({ namespace: "shop", ownerReferences: [{ kind: "Dataset", uid: "u-1" }] });
  });

  it("has raw data in claims that come and go with its pod, and the site's volumes read-only", () => {
    const { volumes, containers } = podOf();
    const claims = volumes.filter(({ ephemeral }) => ephemeral !== undefined).map(({ name }) => name);
    expect(claims).toEqual(["raw", "new-1", "new-2"]);
    expect(volumes.find(({ name }) => name === "site-0")?.persistentVolumeClaim).toEqual({ claimName: "uploads", readOnly: true });
    const [{ volumeMounts } = { volumeMounts: [] }] = containers;
    expect(volumeMounts.find(({ name }) => name === "site-0")).toEqual({
      name: "site-0",
      mountPath: "/srv/web/public/uploads",
      readOnly: true,
    });
  });

  it("tells its program where each part of a generation is made, within the bounds of a socket's path", () => {
    const [{ command } = { command: [] }] = podOf().containers;
    const orders = JSON.parse(command.at(-1) ?? "") as BreedOrders;
    expect(orders.volumes.map(({ part, volume, directory }) => [part, volume, directory])).toEqual([
      ["raw", "raw", "/volumes/raw"],
      ["new-database", "new-1", "/volumes/new-1"],
      ["new-files-uploads", "new-2", "/volumes/new-2"],
    ]);
    expect(`${orders.volumes[0]?.directory ?? ""}/run/0a0a0a0a/run/mysqld.sock`.length).toBeLessThan(108);
  });

  it("lets pods with raw data in them reach nobody, and nobody any of them", () => {
    const policies = objects
      .filter(({ kind }) => kind === "NetworkPolicy")
      .map(({ spec }) => spec as { podSelector: object; ingress: unknown; egress: unknown[] });
    expect(policies.map(({ ingress }) => ingress)).toEqual([[], [], []]);
    expect(policies.map(({ podSelector, egress }) => [podSelector, egress.length])).toEqual([
      [{ matchLabels: { "howdah.dev/breed-part": "breeder" } }, 2],
      [{ matchLabels: { "howdah.dev/breed-part": "loader" } }, 1],
      [{ matchLabels: { "howdah.dev/breed-part": "sealed" } }, 0],
    ]);
  });

  it("may neither read Secrets by the API nor touch claims", () => {
    const named = breederRules.flatMap(({ resources }) => [...resources] as string[]);
    expect(named.filter((one) => ["secrets", "persistentvolumeclaims", "*"].includes(one))).toEqual([]);
  });
});
