import { describe, expect, it } from "vitest";
import type { BreedingPod } from "./breeding-pod.ts";
import { sealedPod } from "./sealed-pod.ts";

const pod: BreedingPod = {
  ...{ namespace: "shop", job: "howdah-breed-1", name: "howdah-breed-1-x7k2p", uid: "u-7", node: "node-2" },
  volumes: [
    { volume: "raw", directory: "/volumes/raw" },
    { volume: "new-1", directory: "/volumes/new-1" },
  ],
  ...{ storageClassName: "howdah", deadlineSeconds: 600 },
};
const made = (directories: { from: string; to: string; readOnly?: boolean }[], part: "sealed" | "loader" = "sealed") => {
  const container = { breed: "shop.g3", image: "mariadb", argv: ["sh", "-c", "echo $(id)"], directories, memoryBytes: 2 ** 30 };
  const copyAt = (directory: string) => (directory === "/clones/shop.g3.trial" ? { snapshot: "shop.g3.database", size: "2Gi" } : undefined);
  const object = sealedPod({ name: "howdah-breed-1a", part, container, copyAt }, pod);
  const spec = object["spec"] as {
    readonly containers: readonly { readonly command: string[]; readonly volumeMounts: readonly object[] }[];
    readonly volumes: readonly { readonly name: string }[];
    readonly dnsPolicy?: string;
  };
  return { object, spec, container: spec.containers[0] };
};

describe("a pod of a breed", () => {
  it("sees parts of the breeder's claims, each claim once, and nothing else", () => {
    const { spec, container } = made([
      { from: "/volumes/new-1", to: "/var/lib/mysql" },
      { from: "/volumes/raw/raw/attached", to: "/var/lib/mysql/data/raw" },
      { from: "/volumes/raw/run/0a/1", to: "/etc/my.cnf", readOnly: true },
    ]);
    expect(spec.volumes.slice(1)).toEqual([
      { name: "new-1", persistentVolumeClaim: { claimName: "howdah-breed-1-x7k2p-new-1" } },
      { name: "raw", persistentVolumeClaim: { claimName: "howdah-breed-1-x7k2p-raw" } },
    ]);
    expect(container?.volumeMounts.slice(1)).toEqual([
      { name: "new-1", mountPath: "/var/lib/mysql" },
      { name: "raw", mountPath: "/var/lib/mysql/data/raw", subPath: "raw/attached" },
      { name: "raw", mountPath: "/etc/my.cnf", subPath: "run/0a/1", readOnly: true },
    ]);
  });

  it("has a copy of a snapshot that comes and goes with it", () => {
    const { spec } = made([{ from: "/clones/shop.g3.trial", to: "/var/lib/mysql" }]);
    expect(spec.volumes[1]).toMatchObject({
      ephemeral: {
        volumeClaimTemplate: { spec: { dataSource: { kind: "VolumeSnapshot", name: "shop.g3.database" }, storageClassName: "howdah" } },
      },
    });
  });

  it("takes no directory of the breeder's own pod", () => {
    expect(() => made([{ from: "/run/secrets/site", to: "/x" }])).toThrow("lies in no claim");
    expect(() => made([{ from: "/volumes/rawest", to: "/x" }])).toThrow("lies in no claim");
  });

  it("is what Pod Security `restricted` admits, has no token, belongs to the breeder and asks nobody for names", () => {
    const { object, spec, container } = made([]);
    const text = JSON.stringify(object);
    for (const said of [
      '"runAsNonRoot":true',
      '"readOnlyRootFilesystem":true',
      '"drop":["ALL"]',
      '"RuntimeDefault"',
      '"automountServiceAccountToken":false',
    ])
      expect(text).toContain(said);
    expect(object.metadata.ownerReferences).toEqual([{ apiVersion: "v1", kind: "Pod", name: pod.name, uid: "u-7" }]);
    expect(spec.dnsPolicy).toBe("None");
    expect(made([], "loader").spec.dnsPolicy).toBeUndefined();
    expect(container?.command.at(-1)).toBe("echo $$(id)");
  });
});
