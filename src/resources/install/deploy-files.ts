import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { writeYaml } from "../../site/documenting/write-yaml.ts";
import { crds } from "../crds.ts";
import { STORAGE_VALUES, storageTemplate } from "./storage-files.ts";
import { operatorObjects, ownNamespace, settingsDigest, settingsMap } from "./operator-objects.ts";

const IMAGE = "HOWDAH_IMAGE";
const PULL_SECRET = "howdah-pull-secret";
const SETTINGS = "HOWDAH_SETTINGS";
const DIGEST = "HOWDAH_DIGEST";

function documents(objects: readonly KubeObject[]): string {
  return objects.map((object) => `---\n${writeYaml(object)}`).join("");
}

const plainHead = `# Howdah's operator as plain objects: what \`howdah install --dry-run\` prints, with ${IMAGE} in the place of the image that
# \`howdah operator image\` answers. A registry that asks for a password: name its Secret of howdah-system in imagePullSecrets of the
# ServiceAccount howdah-operator; the database servers pull with it, too. After a change of the settings: kubectl -n howdah-system
# rollout restart deployment howdah-operator. Made by \`npm run generate\`.
`;

/** deploy/operator.yaml: for \`kubectl apply --server-side\`, after the definitions in crds/. */
export function operatorManifest(): string {
  const install = { image: IMAGE, pullSecret: null, settings: "{}" };
  return plainHead + documents([ownNamespace(), settingsMap(install.settings), ...operatorObjects(install)]);
}

/** The files of the Helm chart below deploy/helm/howdah, by path: the same objects, with the three things that are chosen as values. */
export function chartFiles(version: string): Readonly<Record<string, string>> {
  return {
    "Chart.yaml": writeYaml({
      apiVersion: "v2",
      name: "howdah",
      description: "Runs PHP and static sites from one site file each",
      type: "application",
      version,
      appVersion: version,
      kubeVersion: ">=1.29.0-0",
    }),
    "values.yaml": VALUES,
    "templates/operator.yaml": template([
      keptByHelm(ownNamespace()),
      keptByHelm(settingsMap(SETTINGS)),
      ...operatorObjects({ image: IMAGE, pullSecret: PULL_SECRET, settings: SETTINGS }),
    ]),
    "templates/storage.yaml": storageTemplate(),
    ...Object.fromEntries(crds().map((crd) => [`crds/${crd.metadata.name}.yaml`, writeYaml(crd)])),
  };
}

/** The databases of sites live in the namespace: `helm uninstall` must not delete it. */
function keptByHelm(object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations: { "helm.sh/resource-policy": "keep" } } };
}

const VALUES = `# The operator's image, by digest: what \`howdah operator image --to …\` answers. Required.
image: ""
# A Secret of howdah-system for the registry of the operator's image and of the database servers'.
pullSecret: ""
# What is chosen for the cluster, as the ConfigMap howdah-settings has it: \`howdah install --dry-run\` with the flags that describe
# your cluster prints it.
settings: {}
${STORAGE_VALUES}`;

/** Helm writes YAML as text: the places are marked, everything else is as it is applied without Helm. */
function template(objects: readonly KubeObject[]): string {
  const pullSecret = `imagePullSecrets:\n  - name: ${PULL_SECRET}\n`;
  const text = documents(objects).replace(new RegExp(`"?${settingsDigest(SETTINGS)}"?`), DIGEST);
  for (const mark of [IMAGE, SETTINGS, DIGEST, pullSecret])
    if (text.split(mark).length !== 2) throw new TypeError(`the chart has no single ${mark}`);
  return text
    .replace(IMAGE, '{{ required "image is the operator\'s image, by digest" .Values.image | quote }}')
    .replace(SETTINGS, "{{ .Values.settings | toJson | quote }}")
    .replace(DIGEST, "{{ .Values.settings | toJson | sha256sum | quote }}")
    .replace(pullSecret, "{{- with .Values.pullSecret }}\nimagePullSecrets:\n  - name: {{ . | quote }}\n{{- end }}\n");
}
