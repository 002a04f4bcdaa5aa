/** A request to a Kubernetes API server, read from its method and URL. */
export interface ApiRequest {
  /** From 1, in the order of arrival. */
  readonly number: number;
  readonly verb: "get" | "list" | "watch" | "create" | "replace" | "apply" | "patch" | "delete" | "deletecollection" | "other";
  /** True when it changes something: not a read, not a dry run, no log and no exec. */
  readonly writes: boolean;
  /** `apps/deployments`, `pods`; empty for `/version` and the like. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly url: string;
}

const READING = new Set(["get", "list", "watch", "other"]);
/** Reviews are asked by POST and change nothing. */
const ASKING = new Set(["selfsubjectaccessreviews", "subjectaccessreviews", "tokenreviews", "selfsubjectreviews"]);

/** Reads `GET /apis/apps/v1/namespaces/blog/deployments/web?watch=1`. */
export function apiRequest(number: number, method: string, url: string, contentType = ""): ApiRequest {
  const { pathname, searchParams } = new URL(url, "http://api");
  const parts = pathname.split("/").filter((part) => part !== "");
  const [root, first = ""] = parts;
  const group = root === "apis" ? first : "";
  let rest = root === "api" ? parts.slice(2) : root === "apis" ? parts.slice(3) : [];
  let namespace = "";
  if (rest[0] === "namespaces" && rest.length > 2) {
    namespace = rest[1] ?? "";
    rest = rest.slice(2);
  }
  const [plural = "", name = "", subresource = ""] = rest;
  const watch = ["1", "true"].includes(searchParams.get("watch") ?? "");
  const verb = verbOf(method, plural === "" ? undefined : name, watch, contentType);
  const dry = searchParams.has("dryRun");
  const streams = ["exec", "attach", "portforward", "proxy", "log"].includes(subresource);
  const writes = !READING.has(verb) && !dry && !streams && !ASKING.has(plural);
  return { number, verb, writes, resource: group === "" ? plural : `${group}/${plural}`, subresource, namespace, name, url };
}

function verbOf(method: string, name: string | undefined, watch: boolean, contentType: string): ApiRequest["verb"] {
  if (name === undefined) return "other";
  if (method === "GET" && watch) return "watch";
  if (method === "GET") return name === "" ? "list" : "get";
  if (method === "POST") return "create";
  if (method === "PUT") return "replace";
  if (method === "PATCH") return contentType.includes("apply-patch") ? "apply" : "patch";
  if (method === "DELETE") return name === "" ? "deletecollection" : "delete";
  return "other";
}
