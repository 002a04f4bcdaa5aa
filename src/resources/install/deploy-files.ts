import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { writeYaml } from "../../site/documenting/write-yaml.ts";
import { crds } from "../crds.ts";
import { operatorObjects, ownNamespace, settingsMap } from "./operator-objects.ts";

const IMAGE = "HOWDAH_IMAGE";
const PULL_SECRET = "howdah-pull-secret";
const SETTINGS = "HOWDAH_SETTINGS";

function documents(objects: readonly KubeObject[]): string {
  return objects.map((object) => `---\n${writeYaml(object)}`).join("");
}

const plainHead = `# Howdah's operator as plain objects: what \`howdah install --dry-run\` prints, with ${IMAGE} in the place of the image that
# \`howdah operator image\` answers. Made by \`npm run generate\`.
`;

/** deploy/operator.yaml: for \`kubectl apply --server-side\`, after the definitions in crds/. */
export function operatorManifest(): string {
  return plainHead + documents([ownNamespace(), settingsMap("{}"), ...operatorObjects({ image: IMAGE, pullSecret: null })]);
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
      ownNamespace(),
      settingsMap(SETTINGS),
      ...operatorObjects({ image: IMAGE, pullSecret: PULL_SECRET }),
    ]),
    ...Object.fromEntries(crds().map((crd) => [`crds/${crd.metadata.name}.yaml`, writeYaml(crd)])),
  };
}

const VALUES = `# The operator's image, by digest: what \`howdah operator image --to …\` answers. Required.
image: ""
# A Secret of howdah-system for the registry; make it there before sites with a database are deployed.
pullSecret: ""
# What is chosen for the cluster, as the ConfigMap howdah-settings has it: \`howdah install --dry-run\` with the flags that describe
# your cluster prints it.
settings: {}
`;

/** Helm writes YAML as text: the three places are marked, everything else is as it is applied without Helm. */
function template(objects: readonly KubeObject[]): string {
  const pullSecret = `imagePullSecrets:\n  - name: ${PULL_SECRET}\n`;
  const text = documents(objects);
  for (const mark of [IMAGE, SETTINGS, pullSecret])
    if (text.split(mark).length !== 2) throw new TypeError(`the chart has no single ${mark}`);
  return text
    .replace(IMAGE, '{{ required "image is the operator\'s image, by digest" .Values.image | quote }}')
    .replace(SETTINGS, "{{ .Values.settings | toJson | quote }}")
    .replace(pullSecret, "{{- with .Values.pullSecret }}\nimagePullSecrets:\n  - name: {{ . | quote }}\n{{- end }}\n");
}
