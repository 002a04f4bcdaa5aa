import { describe, expect, it } from "vitest";
import { apiVersionOf, collectionPath, objectPath, resourceOf, resources } from "./resources.ts";

describe("resources", () => {
  it("lists each kind under its own name", () => {
    for (const [name, resource] of Object.entries(resources)) expect(resource.kind).toBe(name);
  });

  it.each([
    ["a kind of the core group", { apiVersion: "v1", kind: "Pod" }, "pods"],
    ["a kind of another group", { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" }, "horizontalpodautoscalers"],
    ["no kind of a version that we don't use", { apiVersion: "autoscaling/v1", kind: "HorizontalPodAutoscaler" }, undefined],
    ["no foreign kind", { apiVersion: "example.org/v1", kind: "Pod" }, undefined],
    ["nothing that only every JavaScript object has", { apiVersion: "v1", kind: "constructor" }, undefined],
  ])("finds %s", (_name, object, plural) => {
    expect(resourceOf(object)?.plural).toBe(plural);
  });

  it.each([
    ["the core group", collectionPath(resources.Pod, "blog"), "/api/v1/namespaces/blog/pods"],
    ["a named group", collectionPath(resources.Deployment, "blog"), "/apis/apps/v1/namespaces/blog/deployments"],
    ["all namespaces", collectionPath(resources.Deployment, undefined), "/apis/apps/v1/deployments"],
    ["objects of the cluster", collectionPath(resources.Tenant, "blog"), "/apis/howdah.dev/v1alpha1/tenants"],
    [
      "an object's subresource",
      objectPath({ resource: resources.Site, namespace: "blog", name: "web" }, "status"),
      "/apis/howdah.dev/v1alpha1/namespaces/blog/sites/web/status",
    ],
    [
      "a name that would be a path",
      objectPath({ resource: resources.Secret, namespace: "a/../b", name: "x?y#z" }),
      "/api/v1/namespaces/a%2F..%2Fb/secrets/x%3Fy%23z",
    ],
  ])("writes the path of %s", (_name, path, expected) => {
    expect(path).toBe(expected);
  });

  it.each(["", ".", ".."])("refuses %j as a name", (name) => {
    expect(() => objectPath({ resource: resources.Secret, namespace: "blog", name })).toThrow("names no object");
  });

  it("writes apiVersion as objects do", () => {
    expect([apiVersionOf(resources.Pod), apiVersionOf(resources.Lease)]).toEqual(["v1", "coordination.k8s.io/v1"]);
  });
});
