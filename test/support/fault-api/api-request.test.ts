import { expect, it } from "vitest";
import { apiRequest } from "./api-request.ts";

const apply = "application/apply-patch+yaml";

it.each([
  ["GET", "/version", "", "other", false, "", "", ""],
  ["GET", "/api/v1/namespaces/blog/pods", "", "list", false, "pods", "blog", ""],
  ["GET", "/api/v1/pods?watch=true&resourceVersion=7", "", "watch", false, "pods", "", ""],
  ["GET", "/api/v1/namespaces/blog", "", "get", false, "namespaces", "", "blog"],
  ["PATCH", "/apis/apps/v1/namespaces/blog/deployments/web?fieldManager=howdah", apply, "apply", true, "apps/deployments", "blog", "web"],
  ["PATCH", "/apis/apps/v1/namespaces/blog/deployments/web?dryRun=All", apply, "apply", false, "apps/deployments", "blog", "web"],
  [
    "PATCH",
    "/apis/howdah.dev/v1alpha1/namespaces/b/sites/b/status",
    "application/merge-patch+json",
    "patch",
    true,
    "howdah.dev/sites",
    "b",
    "b",
  ],
  ["POST", "/api/v1/namespaces/blog/pods", "", "create", true, "pods", "blog", ""],
  ["POST", "/api/v1/namespaces/blog/pods/web-1/exec?command=true", "", "create", false, "pods", "blog", "web-1"],
  [
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    "",
    "create",
    false,
    "authorization.k8s.io/selfsubjectaccessreviews",
    "",
    "",
  ],
  ["DELETE", "/api/v1/namespaces/blog/configmaps/a", "", "delete", true, "configmaps", "blog", "a"],
  ["PUT", "/apis/coordination.k8s.io/v1/namespaces/h/leases/l", "", "replace", true, "coordination.k8s.io/leases", "h", "l"],
])("reads %s %s", (method, url, type, verb, writes, resource, namespace, name) => {
  expect(apiRequest(1, method, url, type)).toMatchObject({ number: 1, verb, writes, resource, namespace, name });
});
