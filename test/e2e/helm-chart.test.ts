import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../src/kubernetes/kubernetes-api.ts";
import { run } from "../../src/providers/process.ts";
import { crds } from "../../src/resources/crds.ts";
import { operatorObjects, ownNamespace, settingsMap } from "../../src/resources/install/operator-objects.ts";
import { storageManifests } from "../../src/resources/install/storage-files.ts";
import { helmProgram } from "../support/helm.ts";
import { kubeconform } from "../support/manifest-linters.ts";

const CHART = "deploy/helm/howdah";
const image = `example.org/howdah/operator@sha256:${"0".repeat(64)}`;
const settings = { wayIn: { kind: "none" }, trustedProxies: ["10.0.0.0/8"] };
const values = ["--set", `image=${image}`, "--set-json", `settings=${JSON.stringify(settings)}`];

// The chart is written without Helm (npm run generate): Helm itself must read it as it was meant.
describe("the Helm chart", () => {
  let helm: string;
  beforeAll(async () => {
    helm = await helmProgram();
  });

  const template = async (...more: readonly string[]): Promise<string> => {
    const argv = [helm, "template", "howdah", CHART, "--namespace=howdah-system", "--kube-version=1.34.0", ...values, ...more];
    return (await run(argv)).stdout;
  };
  /** Objects as data, by kind and name: Helm sorts them its own way. What only Helm reads is left out. */
  const sorted = (objects: readonly unknown[]): unknown[] =>
    objects
      .map((object) => {
        const { metadata, ...rest } = JSON.parse(JSON.stringify(object)) as KubeObject;
        const { "helm.sh/resource-policy": _policy, ...annotations } = metadata.annotations ?? {};
        return { ...rest, metadata: { ...metadata, annotations } };
      })
      .sort((a, b) => (JSON.stringify([a.kind, a.metadata.name]) < JSON.stringify([b.kind, b.metadata.name]) ? -1 : 1));
  const objectsIn = (yaml: string): unknown[] => parseAllDocuments(yaml).map((document) => document.toJS() as unknown);

  it("has nothing that `helm lint --strict` would have otherwise", async () => {
    const { code, stdout } = await run([helm, "lint", CHART, "--strict", ...values], { accept: "any" });
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/);
    expect(code).toBe(0);
  });

  it.each([null, "registry"])("is what `howdah install` applies, with the pull secret %s", async (pullSecret) => {
    const rendered = await template("--include-crds", ...(pullSecret === null ? [] : ["--set", `pullSecret=${pullSecret}`]));
    // Helm's toJson sorts keys.
    const install = { image, pullSecret, settings: JSON.stringify({ trustedProxies: settings.trustedProxies, wayIn: settings.wayIn }) };
    const wanted = [...crds(), ownNamespace(), settingsMap(install.settings), ...operatorObjects(install)];
    expect(sorted(objectsIn(rendered))).toEqual(sorted(wanted));
  });

  it("brings the storage driver when its image is named, as the plain objects have it", async () => {
    const rendered = objectsIn(await template("--set", "storage.image=example.org/storage", "--api-versions=snapshot.storage.k8s.io/v1"));
    const without = objectsIn(await template()).map((object) => JSON.stringify(object));
    const plain = Object.values(storageManifests())
      .join("")
      .replace(/^( +image: )HOWDAH_STORAGE_IMAGE$/m, "$1example.org/storage");
    expect(sorted(rendered.filter((object) => !without.includes(JSON.stringify(object))))).toEqual(sorted(objectsIn(plain)));
  });

  it.each([29, 36] as const)("is right by the schemas of 1.%s", async (minor) => {
    const judge = await kubeconform();
    expect(await judge(await template("--set", "pullSecret=registry"), minor)).toEqual([]);
  });

  it("asks for the image by name", async () => {
    const said = await run([helm, "template", "howdah", CHART, "--kube-version=1.34.0"], { accept: "any" });
    expect(said.code).not.toBe(0);
    expect(said.stderr).toContain("image is the operator's image, by digest");
  });
});
