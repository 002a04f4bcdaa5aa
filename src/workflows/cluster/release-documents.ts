import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { canonicalJson } from "../../render/rendered.ts";
import type { ReleaseStatus } from "../../resources/schema/release.ts";
import type { DocumentStore } from "../ports.ts";
import type { Release, ReleaseOutcome } from "../release/release.ts";
import { builtRelease, factsOf, outcomeOf, releaseWith } from "./release-resource.ts";

type Api = Pick<KubernetesApi, "get" | "list" | "replace" | "delete">;

/** `NAMESPACE.rN`, as the workflows name releases. */
function placeOf(name: string): ObjectName {
  const dot = name.lastIndexOf(".");
  return { resource: resources.Release, namespace: name.slice(0, dot), name: name.slice(dot + 1) };
}

async function listed(api: Api, prefix: string): Promise<readonly KubeObject[]> {
  const namespace = prefix.replace(/\.$/, "");
  return (await api.list(resources.Release, { namespace })).items;
}

/**
 * The releases of a namespace as the workflows keep them: what was built is the Release's immutable `spec`, what its objects are rendered from is
 * written to its `status` when it is taken into service. `list` takes the prefix `NAMESPACE.` and answers those that have been.
 */
export function releaseDocuments(api: Api): DocumentStore<Release> {
  const read = (object: KubeObject | undefined): Release | undefined => {
    const facts = object === undefined ? undefined : factsOf(object);
    return object === undefined || facts === undefined ? undefined : releaseWith(builtRelease(object), facts);
  };
  return {
    get: async (name) => read(await api.get(placeOf(name))),
    list: async (prefix = "") => (await listed(api, prefix)).flatMap((object) => read(object) ?? []),
    put: async (name, { input, configDigest, migration, judged }) => {
      const rendered = { input, configDigest, migration, judged };
      const found = await api.get(placeOf(name));
      if (found === undefined) throw new HowdahError("release/unknown", `The Release ${name} was deleted`);
      if (canonicalJson(factsOf(found) ?? null) === canonicalJson(rendered)) return;
      await writeStatus(api, found, { rendered });
    },
    remove: async (name) => {
      const found = await api.get(placeOf(name));
      if (found?.metadata.uid === undefined) return;
      const { uid, resourceVersion } = found.metadata;
      await api.delete(placeOf(name), { preconditions: { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) } });
    },
  };
}

/** What became of the releases of a namespace: in the status of each. */
export function outcomeDocuments(api: Api): DocumentStore<ReleaseOutcome> {
  return {
    get: async (name) => {
      const found = await api.get(placeOf(name));
      return found === undefined ? undefined : outcomeOf(found);
    },
    list: async (prefix = "") => (await listed(api, prefix)).flatMap((object) => outcomeOf(object) ?? []),
    put: async (name, outcome) => {
      const found = await api.get(placeOf(name));
      if (found === undefined || canonicalJson(outcomeOf(found) ?? null) === canonicalJson(outcome)) return;
      const { namespace: _namespace, release: _release, ...became } = outcome;
      await writeStatus(api, found, became);
    },
    // It goes with the release.
    remove: () => Promise.resolve(),
  };
}

/** One write that carries the resourceVersion which was read; the facts stay, what became of it is replaced whole. */
async function writeStatus(api: Api, found: KubeObject, change: ReleaseStatus): Promise<void> {
  const former = (found["status"] as ReleaseStatus | undefined) ?? {};
  const status = change.rendered === undefined ? { rendered: former.rendered, ...change } : { ...former, ...change };
  await api.replace(resources.Release, { ...found, status }, { subresource: "status" });
}
