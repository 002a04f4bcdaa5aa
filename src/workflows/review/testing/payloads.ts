import { createHmac } from "node:crypto";

/** A call as a platform makes it: headers and the text of the body. */
export interface Payload {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** GitHub's `pull_request`, in the shape of docs.github.com/webhooks/webhook-events-and-payloads, with what nobody reads left out. */
export function githubPayload(action: string, number: number, { id, secret }: { readonly id: string; readonly secret: string }): Payload {
  const body = JSON.stringify({
    action,
    number,
    pull_request: {
      url: `https://api.github.com/repos/acme/shop/pulls/${String(number)}`,
      number,
      state: action === "closed" ? "closed" : "open",
      title: "Search <script>`",
      user: { login: "octocat", id: 21031067, type: "User" },
      head: { label: "acme:search", ref: "search", sha: "ec26c3e57ca3a959ca5aad62de7213c562f8c821" },
      base: { label: "acme:main", ref: "main", sha: "f95f852bd8fca8fcc58a9a2d6c842781e32a215e" },
      merged: false,
    },
    repository: { id: 186853002, name: "shop", full_name: "acme/shop", private: true, owner: { login: "acme" } },
    sender: { login: "octocat", id: 21031067, type: "User" },
  });
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  return {
    headers: {
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/044aadd",
      "x-github-delivery": id,
      "x-github-event": "pull_request",
      "x-github-hook-id": "292430182",
      "x-hub-signature-256": `sha256=${signature}`,
    },
    body,
  };
}

/** GitLab's `Merge Request Hook`, in the shape of docs.gitlab.com/user/project/integrations/webhook_events. */
export function gitlabPayload(
  action: string,
  iid: number,
  more: { readonly id: string; readonly secret: string; readonly oldrev?: string },
): Payload {
  const body = JSON.stringify({
    object_kind: "merge_request",
    event_type: "merge_request",
    user: { id: 1, name: "Administrator", username: "root", email: "admin@example.com" },
    project: {
      id: 1,
      name: "Shop",
      path_with_namespace: "acme/web/shop",
      default_branch: "main",
      web_url: "http://example.com/acme/web/shop",
    },
    object_attributes: {
      ...{ id: 99, iid, target_branch: "main", source_branch: "search", source_project_id: 1, target_project_id: 1, state: "opened" },
      ...{ last_commit: { id: "da1560886d4f094c3e6c9ef40349f7d38b5d27d7", message: "fixed readme" }, action },
      ...(more.oldrev === undefined ? {} : { oldrev: more.oldrev }),
    },
    changes: {},
    labels: [],
  });
  return {
    headers: {
      "content-type": "application/json",
      "user-agent": "GitLab/18.0.0",
      "idempotency-key": more.id,
      "x-gitlab-event": "Merge Request Hook",
      "x-gitlab-event-uuid": "13792a34-cac6-4fda-95a8-c58e00a3954e",
      "x-gitlab-token": more.secret,
    },
    body,
  };
}
