import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClusterObject } from "../../src/render/cluster/cluster-object.ts";
import { renderNamespace } from "../../src/render/cluster/namespace.ts";
import { clusterInput, objectsOf, type Variant, variants } from "../../src/render/cluster/testing/variants.ts";
import { renderSite } from "../../src/render/site/render-site.ts";
import { runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-variants";
const PRIORITY = "howdah-e2e-sites";
const skip = await whyNoCluster();

/** A variant's objects as this cluster may have them: in the test's namespace, with its PriorityClass. */
function objectsHere({ settings, ...variant }: Variant): readonly ClusterObject[] {
  return objectsOf({
    ...variant,
    settings: { ...settings, namespace: NAMESPACE, ...(settings.priorityClass === null ? {} : { priorityClass: PRIORITY }) },
  });
}

/** The pods that workloads would make: admission judges pods, and only warns of a Deployment. */
function podsOf(objects: readonly ClusterObject[]): readonly ClusterObject[] {
  return objects.flatMap(({ kind, metadata, ...object }) => {
    const spec = object["spec"] as { readonly template?: object; readonly jobTemplate?: { readonly spec: { readonly template: object } } };
    const template = (kind === "CronJob" ? spec.jobTemplate?.spec.template : spec?.template) as
      | { readonly metadata: object; readonly spec: object }
      | undefined;
    if (template === undefined) return [];
    return [{ apiVersion: "v1", kind: "Pod", ...template, metadata: { ...template.metadata, name: metadata.name, namespace: NAMESPACE } }];
  });
}

// E3: what rendering makes, judged by the real API server: strict about fields, Pod Security `restricted` about pods.
describe.skipIf(skip !== undefined)(`rendered objects on a real API server${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const list = (items: readonly object[]): string => JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const tryOut = (items: readonly object[]) =>
    cluster.kubectl(["apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-"], {
      input: list(items),
      accept: "any",
    });

  beforeAll(async () => {
    await cluster.apply([
      ...renderNamespace(NAMESPACE, { pullSecret: null, withNamespace: true }),
      { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name: PRIORITY }, value: 1000 },
    ]);
    await cluster.kubectl(["--namespace", NAMESPACE, "wait", "--for=create", "serviceaccount/default", "--timeout=60s"]);
  });
  afterAll(async () => {
    await cluster.kubectl(["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false"]);
    await cluster.kubectl(["delete", "priorityclass", PRIORITY, "--ignore-not-found"]);
  });

  it.each(variants)("takes $name strictly, without a warning", async (variant) => {
    const objects = objectsHere(variant);
    const { code, stdout, stderr } = await tryOut(objects);
    expect(stderr.trim()).toBe("");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(objects.length);
  });

  it.each(variants)("admits the pods of $name where Pod Security enforces `restricted`", async (variant) => {
    const pods = podsOf(objectsHere(variant));
    expect(pods.length).toBeGreaterThan(0);
    const { code, stderr } = await tryOut(pods);
    expect(stderr.trim()).toBe("");
    expect(code).toBe(0);
  });

  it("would have refused them as one machine has them", async () => {
    const [variant] = variants;
    if (variant === undefined) throw new Error("there are no variants");
    const rendered = JSON.stringify(renderSite(variant.site, clusterInput(variant.site)).map(({ object }) => object));
    const pods = podsOf(JSON.parse(rendered.replaceAll(/,"stopSignal":"SIG[A-Z]+"/g, "")) as ClusterObject[]);
    expect((await tryOut(pods)).stderr).toContain('violates PodSecurity "restricted');
  });
});
