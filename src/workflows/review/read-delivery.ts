import { z } from "zod";
import type { Delivery } from "./verify-delivery.ts";

/** What is taken from a call: everything else is asked for at the platform. */
export interface ReadDelivery {
  /** Undefined: it has none. */
  readonly id: string | undefined;
  /** The merge request that has changed so that its environment may have to; undefined: something else happened. */
  readonly change: { readonly project: string; readonly number: number } | undefined;
}

const number = z.number().int().positive().max(999_999_999);
const github = z.object({ action: z.string(), number, repository: z.object({ full_name: z.string() }) });
const gitlab = z.object({
  project: z.object({ path_with_namespace: z.string() }),
  object_attributes: z.object({ iid: number, action: z.string().optional(), oldrev: z.string().optional() }),
});

const ID = /^[\x21-\x7e]{1,200}$/;

/** Reads a call that is genuine. Undefined: it is not what it says. */
export function readDelivery(platform: "github" | "gitlab", { headers, body }: Delivery): ReadDelivery | undefined {
  const given =
    platform === "github"
      ? headers["x-github-delivery"]
      : (headers["webhook-id"] ?? headers["idempotency-key"] ?? headers["x-gitlab-event-uuid"]);
  const id = given !== undefined && ID.test(given) ? given : undefined;
  const event = headers[platform === "github" ? "x-github-event" : "x-gitlab-event"];
  if (event !== (platform === "github" ? "pull_request" : "Merge Request Hook")) return { id, change: undefined };
  const document = jsonOf(body);
  return platform === "github" ? readGithub(id, document) : readGitlab(id, document);
}

function readGithub(id: string | undefined, document: unknown): ReadDelivery | undefined {
  const read = github.safeParse(document);
  if (!read.success) return undefined;
  const matters = ["opened", "reopened", "synchronize", "closed"].includes(read.data.action);
  return { id, change: matters ? { project: read.data.repository.full_name, number: read.data.number } : undefined };
}

function readGitlab(id: string | undefined, document: unknown): ReadDelivery | undefined {
  const read = gitlab.safeParse(document);
  if (!read.success) return undefined;
  const { iid, action = "", oldrev } = read.data.object_attributes;
  // An update without `oldrev` is a new title, label or reviewer.
  const matters = ["open", "reopen", "close", "merge"].includes(action) || (action === "update" && oldrev !== undefined);
  return { id, change: matters ? { project: read.data.project.path_with_namespace, number: iid } : undefined };
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
