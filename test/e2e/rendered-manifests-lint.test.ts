import { beforeAll, describe, expect, it } from "vitest";
import { objectsOf, variants } from "../../src/render/cluster/testing/variants.ts";
import { writeYaml } from "../../src/site/documenting/write-yaml.ts";
import { KUBERNETES_MINORS } from "../support/kubernetes-schemas.ts";
import { kubeconform, kubeScore } from "../support/manifest-linters.ts";

const yamlOf = (variant: (typeof variants)[number]): string =>
  objectsOf(variant)
    .map((object) => `---\n${writeYaml(object)}`)
    .join("");

/** Fields that older versions don't have, where a variant is for newer ones: it says so by `settings.version`. */
const oldest = (version: string): number => (version.includes("1.29") ? 29 : 30);

/** What kube-score would have otherwise, and why it is as it is. Anything else fails. */
const exceptions: Readonly<Record<string, string>> = {
  "container-image-pull-policy":
    "an image is named by its digest: Always asks the registry for what can't have changed, and a registry that is down stops pods",
  "container-resources": "a CPU limit throttles a pod while its node is idle; who wants one says `scale.cpu`",
  "container-cpu-requests-equal-limits": "for the same reason: sites wait most of the time",
  "container-memory-requests-equal-limits":
    "only where the cluster's settings ask for less than the limit (many sites that are seldom visited)",
  "container-resource-requests-equal-limits": "both of the above in one",
  "container-ephemeral-storage-request-equals-limit": "the limit is the sum of what may be written; few pods write it",
  "deployment-replicas": "how many is the owner's to say; one is the default for sites of few visitors",
  "horizontalpodautoscaler-replicas": "the same: `scale.replicas` is the least",
  "service-type": "NodePort where somebody asks for it",
  "pod-probes": "a database that is slow must not be killed: it has a startup and a readiness probe",
  "statefulset-has-servicename": "the database's Service has one address for its single pod, which sites connect to",
};

// E3: schemas of every version that Howdah is for, read by a reader of YAML 1.1, which Kubernetes has.
describe("rendered objects by kubeconform", () => {
  let judge: Awaited<ReturnType<typeof kubeconform>>;
  beforeAll(async () => {
    judge = await kubeconform();
  });

  it.each(
    variants.flatMap((variant) =>
      KUBERNETES_MINORS.filter((minor) => minor >= oldest(variant.settings.version)).map((minor) => ({
        variant,
        minor,
        name: variant.name,
      })),
    ),
  )("$name is right for 1.$minor", async ({ variant, minor }) => {
    expect(await judge(yamlOf(variant), minor)).toEqual([]);
  });

  it("reads YAML as Kubernetes does, where a bare `yes` is no text", async () => {
    expect(await judge("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: yes}\n", 34)).not.toEqual([]);
  });

  it("sees a field that is none", async () => {
    const found = await judge("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {replicas: 2}\n", 34);
    expect(found.join(" ")).toContain("additional properties 'replicas' not allowed");
  });
});

describe("rendered objects by kube-score", () => {
  let judge: Awaited<ReturnType<typeof kubeScore>>;
  beforeAll(async () => {
    judge = await kubeScore();
  });

  it.each(variants)("has nothing against $name but what has a reason", async (variant) => {
    const found = await judge(yamlOf(variant), 34);
    expect(
      found.filter(({ check }) => !(check in exceptions)).map(({ check, object, path, words }) => `${check} ${object} ${path}: ${words}`),
    ).toEqual([]);
  });

  it("keeps no exception that nothing needs", async () => {
    const found = await Promise.all(variants.map((variant) => judge(yamlOf(variant), 34)));
    const met = new Set(found.flat().map(({ check }) => check));
    expect(Object.keys(exceptions).filter((check) => !met.has(check))).toEqual([]);
  });
});
