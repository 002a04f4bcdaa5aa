import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { reviewPorts, type ReviewRecord, reviewSecret } from "./review.ts";
import { SECRET_PREFIX } from "./verify-delivery.ts";

/** `howdah review add` as typed. */
export interface WantedReview {
  readonly github: string | undefined;
  readonly gitlab: string | undefined;
  readonly api: string | undefined;
  readonly directory: string;
  readonly forks: boolean;
  readonly listen: string;
  readonly token: Secret;
}

/** What was set up, and the secret that the platform has to know: it is not shown again. */
export interface AddedReview {
  readonly review: ReviewRecord;
  readonly secret: Secret;
}

/**
 * Sets up reviews of a site: asks the platform whether the token is right, then keeps it with a new secret for the platform's calls. Errors: `usage/invalid`,
 * `code-host/refused`, `code-host/unreachable`.
 */
export async function addReview(
  { namespace, site }: SiteRecord,
  wanted: WantedReview,
  ports: Ports,
  context: EngineContext,
): Promise<AddedReview> {
  const reviews = reviewPorts(ports);
  if (site.preview !== undefined || site.tenant !== undefined)
    throw new HowdahError("usage/invalid", `${namespace} can't have environments: it is one itself, or a tenant's`);
  return await ports.locks.hold(`review_${namespace}`, "review add", async () => {
    if ((await reviews.records.get(namespace)) !== undefined)
      throw new HowdahError("usage/invalid", `A review of ${namespace} is set up already`, {
        hint: `\`howdah review rm ${namespace}\` ends it; its environments stay.`,
      });
    const createdAt = new Date(ports.clock.now()).toISOString();
    const { directory, forks } = wanted;
    if (directory !== "" && !/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(directory))
      throw new HowdahError("usage/invalid", `${JSON.stringify(directory)} is no directory inside the repository, such as sites/shop`);
    const review: ReviewRecord = { site: namespace, ...projectOf(wanted), directory, forks, listen: listenOf(wanted.listen), createdAt };
    await (await reviews.host(review, wanted.token)).check(context.signal);
    const secret = new Secret(`${SECRET_PREFIX}${randomBytes(32).toString("base64")}`, "review");
    await ports.secrets.set(SYSTEM_NAMESPACE, reviewSecret(namespace), { token: wanted.token, webhook: secret });
    await reviews.records.put(namespace, review);
    return { review, secret };
  });
}

/** Where a project is, of what a person typed. Error: `usage/invalid`. */
export function projectOf({
  github,
  gitlab,
  api,
}: Pick<WantedReview, "github" | "gitlab" | "api">): Pick<ReviewRecord, "platform" | "project" | "api" | "web"> {
  if ((github === undefined) === (gitlab === undefined))
    throw new HowdahError("usage/invalid", "Say where the code is: either --github OWNER/REPOSITORY or --gitlab URL of the project");
  if (github !== undefined) {
    if (!/^[\w.-]{1,100}\/[\w.-]{1,100}$/.test(github) || isDotted(github))
      throw new HowdahError("usage/invalid", `--github takes OWNER/REPOSITORY, not ${JSON.stringify(github)}`);
    if (api === undefined) return { platform: "github", project: github, api: "https://api.github.com", web: "https://github.com" };
    const at = addressOf(api, "--api");
    return { platform: "github", project: github, api: at, web: at.replace(/\/api\/v3$/, "") };
  }
  const address = addressOf(gitlab ?? "", "--gitlab").replace(/\.git$/, "");
  const web = api === undefined ? new URL(address).origin : addressOf(api, "--api").replace(/\/api\/v4$/, "");
  const project = address.startsWith(`${web}/`) ? address.slice(web.length + 1) : "";
  if (!/^[\w.-]+(\/[\w.-]+)+$/.test(project) || isDotted(project))
    throw new HowdahError("usage/invalid", `--gitlab takes the address of a project, such as ${web}/group/project`);
  return { platform: "gitlab", project, web, api: `${web}/api/v4` };
}

function isDotted(path: string): boolean {
  return path.split("/").some((part) => part === "." || part === "..");
}

/** A token is sent there: by HTTPS, or not over a network at all. */
function addressOf(text: string, flag: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname.replaceAll(/[[\]]/g, "")));
  if (url === undefined || !isSafe || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new HowdahError(
      "usage/invalid",
      `${flag} takes an address that begins with https:// and has no user in it, not ${JSON.stringify(text)}`,
    );
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function listenOf(text: string): ReviewRecord["listen"] {
  const [, address = "", port = ""] = /^(?:\[?([0-9a-f.:]+?)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  const place = { address: address === "" ? "127.0.0.1" : address, port: Number(port) };
  if (place.port >= 1 && place.port <= 65_535 && isLoopback(place.address)) return place;
  throw new HowdahError(
    "usage/invalid",
    `--listen takes a port, or an address of this machine's own loopback with one, not ${JSON.stringify(text)}`,
    {
      hint: "The agent speaks no TLS: a proxy in front of it does, and leads /review/SITE to it.",
    },
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
