import { DATABASE_SECRET, GENERATED_SECRET, SESSIONS_SECRET } from "../../kernel/own-names.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { Step } from "../../plan/step.ts";
import { wantsSessionServer } from "../../render/php/sessions.ts";
import { renderSite } from "../../render/site/render-site.ts";
import type { Site } from "../../site/site.ts";
import type { Ports } from "../ports.ts";
import { releasesOf, servingOf } from "../release/release-store.ts";
import { siteUrl } from "./site-url.ts";

/** What `up --dry-run` answers. Images are not built, so a changed tree is only known by its deployment's image. */
export interface UpPlan {
  readonly kind: "plan";
  readonly namespace: string;
  readonly url: string;
  readonly steps: readonly Step[];
  /** What happens before the steps, for people. */
  readonly before: readonly string[];
}

const sessionsToBe = { image: "image-to-be-built", secretName: SESSIONS_SECRET, secretDigest: "" };

/** The plan without doing anything: rendered with the images that run now, or with a mark in their place. */
export async function planUp(site: Site, ports: Ports): Promise<UpPlan> {
  const namespace = site.name;
  const record = await ports.records.get(namespace);
  const inventory = await ports.engine.inventory(namespace);
  const url = siteUrl(site, ports.settings);
  const serving = servingOf(await releasesOf(namespace, ports));
  const facts =
    record === undefined
      ? undefined
      : await ports.engine.prepare(namespace, { emit: () => undefined, signal: AbortSignal.timeout(30_000) });
  const desired = renderSite(site, {
    images: record?.images ?? { web: "image-to-be-built", php: site.runtime === null ? null : "image-to-be-built" },
    url,
    resolver: facts?.resolver ?? "127.0.0.1",
    trustedProxies: facts?.trustedProxies ?? [],
    database:
      site.database === null
        ? null
        : {
            host: record?.database?.host ?? "database",
            port: record?.database?.port ?? 3306,
            name: record?.database?.name ?? site.name,
            user: record?.database?.user ?? site.name,
            secretName: DATABASE_SECRET,
          },
    sessions: wantsSessionServer(site) ? (serving?.input.sessions ?? sessionsToBe) : null,
    generatedSecret: GENERATED_SECRET,
    secretsDigest: record?.secretsDigest ?? "",
    releaseId: record?.releaseId ?? "first",
    migration: record?.migration ?? "first",
  });
  return { kind: "plan", namespace, url, steps: planObjects(desired, inventory), before: before(site, record !== undefined) };
}

function before(site: Site, known: boolean): readonly string[] {
  return [
    `build what is missing of: nginx${site.runtime === null ? "" : `, PHP ${site.runtime.php} with ${String(site.runtime.extensions.length)} extensions`}${site.database === null ? "" : `, MariaDB ${site.database.version}`}${wantsSessionServer(site) ? ", Valkey for sessions" : ""}, and the site's own image`,
    ...(site.hooks.build.length > 0 ? ["run the build hook"] : []),
    ...(site.database === null || known ? [] : [`make a database and a user on the shared MariaDB ${site.database.version}`]),
    ...(site.hooks.install.length > 0 && !known ? ["run the install hook, if the database is empty"] : []),
    "let nginx and PHP-FPM judge the new configuration in the new images",
  ];
}
