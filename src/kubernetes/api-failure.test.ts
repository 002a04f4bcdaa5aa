import { describe, expect, it } from "vitest";
import { connectionFailure, failureOf, ObjectMissing } from "./api-failure.ts";

function refused(status: number, body: object | string, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify({ kind: "Status", status: "Failure", code: status, ...body });
  return failureOf({ status, headers, body: text, what: "apply Deployment blog/web", ours: false });
}

describe("failureOf", () => {
  it.each([
    ["credentials that are not known", 401, { message: "Unauthorized" }, "cluster/unauthorized"],
    ["a missing right", 403, { message: 'pods is forbidden: User "kim" cannot list resource "pods" in API group ""' }, "cluster/forbidden"],
    ["a used-up quota", 403, { message: 'pods "web" is forbidden: exceeded quota: all' }, "cluster/forbidden"],
    [
      "an admission that refuses the object",
      403,
      { message: 'pods "web" is forbidden: violates PodSecurity "restricted:latest"' },
      "cluster/rejected",
    ],
    [
      "a namespace that is going",
      403,
      { message: "unable to create new content in namespace blog because it is being terminated" },
      "cluster/conflict",
    ],
    ["a kind that is not served", 404, "404 page not found", "cluster/rejected"],
    [
      "an object that was deleted meanwhile",
      404,
      { message: 'deployments.apps "web" not found', details: { name: "web" } },
      "cluster/conflict",
    ],
    [
      "a missing namespace",
      404,
      { message: 'namespaces "blog" not found', details: { name: "blog", kind: "namespaces" } },
      "cluster/rejected",
    ],
    [
      "a precondition on a uid that is gone",
      422,
      { message: 'metadata.uid: Invalid value: "other": field is immutable' },
      "cluster/conflict",
    ],
    ["a conflict", 409, { message: "the object has been modified" }, "cluster/conflict"],
    ["a forgotten history", 410, { message: "too old resource version" }, "cluster/expired"],
    ["a wrong value", 422, { message: "spec.replicas: Invalid value" }, "cluster/rejected"],
    ["an unknown field, for which apply says 500", 500, { message: ".spec.replica: field not declared in schema" }, "cluster/rejected"],
    ["an inner fault", 500, { message: "etcdserver: request timed out" }, "cluster/failed"],
    ["too many requests", 429, { message: "too many requests" }, "cluster/failed"],
    ["a server that starts", 503, "starting", "cluster/failed"],
  ])("names %s", (_name, status, body, code) => {
    expect(refused(status, body).error.code).toBe(code);
  });

  it.each([
    ["get", "exec"],
    ["create", "portforward"],
  ])("says which verbs a stream to a pod takes, when a user may not %s pods/%s", (verb, subresource) => {
    const message = `pods "web-1" is forbidden: User "kim" cannot ${verb} resource "pods/${subresource}" in API group "" in the namespace "blog"`;
    const { error } = refused(403, { message });
    expect([error.code, error.hint]).toEqual([
      "cluster/forbidden",
      expect.stringContaining(`\`get\` and \`create\` on pods/${subresource}`),
    ]);
  });

  it("sends people to the installation when the missing kind is one of ours", () => {
    const failure = failureOf({ status: 404, headers: {}, body: "404 page not found", what: "list sites", ours: true });
    expect(failure.error.code).toBe("cluster/not-installed");
  });

  it.each([
    ["never for an object that is wrong", refused(422, {}), "never", undefined],
    ["never for an inner fault that promises nothing", refused(500, {}), "never", undefined],
    ["where it may be done twice, for an inner fault that says when", refused(500, {}, { "retry-after": "1" }), "when-repeatable", 1000],
    ["where it may be done twice, for a server that is away", refused(503, {}), "when-repeatable", undefined],
    ["always for too many requests, which were not begun", refused(429, {}, { "retry-after": "7" }), "always", 7000],
    ["as long as the details say", refused(429, { details: { retryAfterSeconds: 3 } }), "always", 3000],
    ["without a wait for one that is a date", refused(429, {}, { "retry-after": "Sat, 21 Nov 2026 12:01:00 GMT" }), "always", undefined],
  ])("asks again %s", (_name, failure, again, retryAfterMs) => {
    expect([failure.again, failure.retryAfterMs]).toEqual([again, retryAfterMs]);
  });

  it("says causes with the paths of their fields, those of the message once", () => {
    const causes = [
      { field: "spec.replicas", message: "Invalid value: -1" },
      { field: "spec.selector", message: "Required value" },
    ];
    const { error } = refused(422, {
      message: "Deployment is invalid: spec.replicas: Invalid value: -1",
      details: { name: "web", causes },
    });
    expect(error.message).toBe(
      "The API server does not apply Deployment blog/web: Deployment is invalid: spec.replicas: Invalid value: -1; spec.selector: Required value (422)",
    );
  });

  it("repeats the beginning of a page that no API server wrote, in one line", () => {
    expect(refused(502, "<html>\n<h1>Bad\tGateway</h1>").error.message).toContain("<html> <h1>Bad Gateway</h1> (502)");
    expect(refused(502, "x".repeat(10_000)).error.message.length).toBeLessThan(2200);
    expect(refused(500, "").error.message).toContain("it gives no reason");
  });

  it("knows a missing namespace object from a missing namespace", () => {
    const body = JSON.stringify({ message: 'namespaces "blog" not found', details: { name: "blog", kind: "namespaces" } });
    expect(failureOf({ status: 404, headers: {}, body, what: "give Namespace blog", ours: false }).error).toBeInstanceOf(ObjectMissing);
  });
});

describe("connectionFailure", () => {
  it.each([
    ["nobody listens", "ECONNREFUSED", "always"],
    ["the connection breaks", "ECONNRESET", "when-repeatable"],
    ["nobody answers", "UND_ERR_HEADERS_TIMEOUT", "when-repeatable"],
    ["the name is unknown", "ENOTFOUND", "never"],
    ["the certificate is not trusted", "SELF_SIGNED_CERT_IN_CHAIN", "never"],
    ["the name is not the certificate's", "ERR_TLS_CERT_ALTNAME_INVALID", "never"],
  ])("when %s", (_name, code, again) => {
    const failure = connectionFailure(
      new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code }) }),
      "https://10.0.0.1",
    );
    expect([failure.error.code, failure.again]).toEqual(["cluster/unreachable", again]);
  });
});
