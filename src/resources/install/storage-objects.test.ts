import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { storageManifests, storageTemplate } from "./storage-files.ts";
import { storageObjects } from "./storage-objects.ts";
import { storageClusterRules, storageOwnRules } from "./storage-role.ts";

interface Container {
  readonly name: string;
  readonly image: string;
  readonly securityContext: { readonly privileged?: boolean; readonly capabilities?: { readonly drop: readonly string[] } };
  readonly volumeMounts: readonly { readonly mountPath: string; readonly mountPropagation?: string }[];
}

const objects = storageObjects({ image: "i", provisioner: "p", snapshotter: "s" });
const pod = objects.find(({ kind }) => kind === "DaemonSet")?.["spec"] as { template: { spec: { containers: readonly Container[] } } };
const { containers } = pod.template.spec;

describe("the storage driver's rights", () => {
  const all = [...storageClusterRules, ...storageOwnRules];

  it("name every verb and resource, and no secrets or pods of others", () => {
    expect(JSON.stringify(all)).not.toContain("*");
    expect(all.flatMap(({ resources }) => resources)).not.toContain("secrets");
    expect(storageClusterRules.flatMap(({ resources }) => resources)).not.toContain("pods");
  });

  it.each(["persistentvolumeclaims", "volumesnapshots", "volumesnapshotcontents", "nodes"])("delete no %s", (resource) => {
    expect(all.filter(({ resources }) => resources.includes(resource)).flatMap(({ verbs }) => verbs)).not.toContain("delete");
  });
});

describe("the installed storage driver", () => {
  it("is the only container that may do everything: Kubernetes' sidecars may do nothing on the node", () => {
    expect(containers.filter(({ securityContext }) => securityContext.privileged === true).map(({ name }) => name)).toEqual(["driver"]);
    for (const { name, securityContext } of containers) if (name !== "driver") expect(securityContext.capabilities?.drop).toEqual(["ALL"]);
  });

  it("shows the node what it mounts, for pods and below its own directory", () => {
    const shared = containers.flatMap(({ volumeMounts }) => volumeMounts.filter((mount) => mount.mountPropagation === "Bidirectional"));
    expect(shared.map(({ mountPath }) => mountPath)).toEqual(["/var/lib/kubelet", "/var/lib/howdah-csi"]);
  });

  it("comes as plain objects with one image to put in", () => {
    const text = storageManifests()["storage.yaml"] ?? "";
    expect(text.match(/image: HOWDAH_STORAGE_IMAGE/g)).toHaveLength(1);
    expect(parseAllDocuments(text).map((document) => (document.toJS() as { kind: string }).kind)).toEqual(objects.map(({ kind }) => kind));
  });

  it("comes with the Helm chart only when its image is named, and leaves nothing to put in", () => {
    const text = storageTemplate();
    expect(text).toMatch(/^\{\{- if \.Values\.storage\.image \}\}\n[\s\S]*\{\{- end \}\}\n$/);
    expect(text).not.toContain("HOWDAH_");
    for (const name of ["image", "provisioner", "snapshotter"]) expect(text).toContain(`image: {{ .Values.storage.${name} | quote }}\n`);
  });
});
