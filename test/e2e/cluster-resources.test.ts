import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crds } from "../../src/resources/crds.ts";
import { operatorObjects } from "../../src/resources/install/operator-objects.ts";
import { runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-resources";
const skip = await whyNoCluster();
const HEX = "0".repeat(64);

describe.skipIf(skip !== undefined)(`the resources on a real API server${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const strict = ["--namespace", NAMESPACE, "apply", "--validate=strict"];
  const applyFile = (file: string) => cluster.kubectl([...strict, "--dry-run=server", "-f", file]);
  const release = {
    apiVersion: "howdah.dev/v1alpha1",
    kind: "Release",
    metadata: { name: "r1", namespace: NAMESPACE },
    spec: {
      siteName: "blog",
      site: { name: "blog", scale: { replicas: 1 } },
      images: { web: { reference: `example.org/web@sha256:${HEX}`, digest: `sha256:${HEX}` } },
      ...{ codeDigest: "sha256:a", who: "ann", when: "2026-11-21T12:00:00Z", digest: HEX },
    },
  };
  /** Without an environment nobody acts on what is here. */
  const refused = async (argv: readonly string[]): Promise<string> =>
    cluster.kubectl(argv).then(
      () => "taken",
      (error: unknown) => (error as { readonly output?: readonly string[] }).output?.join("\n") ?? String(error),
    );

  beforeAll(async () => {
    await cluster.apply(crds());
    for (const { metadata } of crds())
      await cluster.kubectl(["wait", "--for=condition=Established", `crd/${metadata.name}`, "--timeout=60s"]);
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
  });
  afterAll(async () => {
    await cluster.kubectl(["delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s"]);
  });

  it("takes every example as it is, strictly", async () => {
    const files = (await readdir("examples")).filter((file) => file.endsWith(".yaml"));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) await applyFile(`examples/${file}`);
  });

  it("keeps a release as it was made, whatever of it somebody would change", async () => {
    await cluster.apply([release]);
    for (const spec of [{ why: "x" }, { site: { name: "other" } }, { site: { scale: { replicas: 2 } } }, { site: { more: true } }]) {
      const patch = ["--namespace", NAMESPACE, "patch", "release", "r1", "--type=merge", "-p", JSON.stringify({ spec })];
      expect(await refused(patch)).toContain("a release is immutable");
    }
  });

  it("is asked for the operator with Pod Security's strictest words", async () => {
    const label = ["label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted", "--overwrite"];
    await cluster.kubectl(label);
    const deployment = operatorObjects({ image: "example.org/operator:1", pullSecret: null, settings: "{}" }).find(
      ({ kind }) => kind === "Deployment",
    );
    if (deployment === undefined) throw new Error("the operator has no Deployment");
    const { template } = deployment["spec"] as { template: { spec: object } };
    const { serviceAccountName: _account, ...spec } = template.spec as { serviceAccountName: string };
    await cluster.apply([{ apiVersion: "v1", kind: "Pod", metadata: { name: "operator", namespace: NAMESPACE }, spec }]);
  });
});
