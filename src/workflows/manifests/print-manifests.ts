import type { ClusterObject } from "../../render/cluster/cluster-object.ts";
import { visible, writeYaml } from "../../site/documenting/write-yaml.ts";
import type { WantedSecret } from "./wanted-secrets.ts";

/** How objects are printed: `yaml` as documents with the Secrets as comments above, `json` as one List that kubectl takes as well. */
export function printManifests(
  objects: readonly ClusterObject[],
  secrets: readonly WantedSecret[],
  { format, title }: { readonly format: "yaml" | "json"; readonly title: string },
): string {
  if (format === "json") return `${visible(JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, null, 2))}\n`;
  const head = [title, "", ...secretLines(secrets, objects)].map((line) => `# ${line}`.trimEnd()).join("\n");
  return `${head}\n${objects.map((object) => `---\n${writeYaml(object)}`).join("")}`;
}

/** What must exist beside the objects, a line each, with the command that makes it. No values: whoever has them types them. */
export function secretLines(secrets: readonly WantedSecret[], objects: readonly ClusterObject[]): readonly string[] {
  if (secrets.length === 0) return ["No Secret is needed."];
  const namespace = namespaceOf(objects);
  return [
    "These Secrets must exist; no value of them is printed. A FILE holds the value alone, without a line break at its end:",
    ...secrets.flatMap(({ name, type, keys }) => [
      `  ${name} (${type})`,
      ...keys.map(({ key, what, optional }) => `    ${key}: ${what}${optional === undefined ? "" : " (optional)"}`),
      type === "Opaque"
        ? `    kubectl --namespace ${namespace} create secret generic ${name} ${fileFlags(keys)}`
        : `    kubectl --namespace ${namespace} create secret generic ${name} --type=${type} --from-file=.dockerconfigjson=FILE`,
    ]),
  ];
}

/** By files: values on a command line are everybody's to read. */
function fileFlags(keys: WantedSecret["keys"]): string {
  return keys
    .filter(({ optional }) => optional === undefined)
    .map(({ key }) => `--from-file=${key}=FILE`)
    .join(" ");
}

function namespaceOf(objects: readonly ClusterObject[]): string {
  return objects.find(({ metadata }) => metadata.namespace !== undefined)?.metadata.namespace ?? "default";
}
