import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { writeYaml } from "../../site/documenting/write-yaml.ts";
import { snapshotClass, storageObjects } from "./storage-objects.ts";

const IMAGE = "HOWDAH_STORAGE_IMAGE";
/** The versions that the driver is tested with. */
const PROVISIONER = "registry.k8s.io/sig-storage/csi-provisioner:v6.3.0";
const SNAPSHOTTER = "registry.k8s.io/sig-storage/csi-snapshotter:v8.6.0";

function documents(objects: readonly KubeObject[]): string {
  return objects.map((object) => `---\n${writeYaml(object)}`).join("");
}

/** deploy/storage.yaml and deploy/storage-snapshots.yaml, by name: the driver as plain objects, and the class of snapshots for clusters that have the kind. */
export function storageManifests(): Readonly<Record<string, string>> {
  const head = `# Howdah's storage driver on every Linux node, with the StorageClasses howdah and howdah-copies: docs/how-to/storage-on-kubernetes.md.
# ${IMAGE} is what \`howdah operator storage-image\` answers. Made by \`npm run generate\`.
`;
  const objects = storageObjects({ image: IMAGE, provisioner: PROVISIONER, snapshotter: SNAPSHOTTER });
  const snapshots = "# For clusters with the definitions and the controller of VolumeSnapshots. Made by `npm run generate`.\n";
  return { "storage.yaml": head + documents(objects), "storage-snapshots.yaml": snapshots + documents([snapshotClass()]) };
}

/** What the Helm chart asks about the driver. */
export const STORAGE_VALUES = `# Howdah's storage driver on every node (docs/how-to/storage-on-kubernetes.md), when an image is named.
storage:
  # What \`howdah operator storage-image --to …\` answers.
  image: ""
  # Kubernetes' sidecars.
  provisioner: ${PROVISIONER}
  snapshotter: ${SNAPSHOTTER}
`;

/** templates/storage.yaml of the chart: the same objects, with the images as values. */
export function storageTemplate(): string {
  const install = { image: IMAGE, provisioner: PROVISIONER, snapshotter: SNAPSHOTTER };
  const text = Object.entries(install).reduce(
    // The writer quotes what it has to.
    (former, [name, image]) => former.replaceAll(new RegExp(`image: "?${image}"?$`, "gm"), `image: {{ .Values.storage.${name} | quote }}`),
    documents(storageObjects(install)),
  );
  const classes = `{{- if .Capabilities.APIVersions.Has "snapshot.storage.k8s.io/v1" }}\n${documents([snapshotClass()])}{{- end }}\n`;
  return `{{- if .Values.storage.image }}\n${text}${classes}{{- end }}\n`;
}
