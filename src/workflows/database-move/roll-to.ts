import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DatabaseAccess } from "../../providers/database/database-server.ts";
import { siteDatabase } from "../database/site-database.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import type { Release } from "../release/release.ts";
import { recordRelease, releasesOf, servingOf } from "../release/release-store.ts";
import { servedRecord } from "../rollout/served-record.ts";
import { applyRelease } from "../rollout/undo-rollout.ts";
import { configDigest } from "../up/draft-release.ts";
import { prepareSecrets } from "../up/prepare-secrets.ts";

/** The release that serves. Error: `release/unknown`. */
export async function requireServing(namespace: string, ports: Ports): Promise<Release> {
  const serving = servingOf(await releasesOf(namespace, ports));
  if (serving !== undefined) return serving;
  throw new HowdahError("release/unknown", `No release of ${namespace} serves`, {
    hint: "`howdah up` makes one from the code; then ask again.",
  });
}

/** Puts the Secret by which pods reach a server in its place. Answers the digest that rendered objects have. */
export async function putAccess(record: SiteRecord, access: DatabaseAccess, ports: Ports): Promise<string> {
  return await prepareSecrets(record.site, record.namespace, { password: access.password, url: access.url }, ports);
}

/** The release that serves, on the other server: written down, not yet in service. */
export async function draftOnServer(
  to: SiteRecord,
  { serving, secretsDigest }: { readonly serving: Release; readonly secretsDigest: string },
  ports: Ports,
): Promise<{ readonly release: Release; readonly wanted: SiteRecord }> {
  const { host, port, name, user, server } = siteDatabase(to);
  const { id: _id, ...past } = serving;
  if (past.input.database === null) throw new TypeError("a release without a database moves none");
  const site = { ...past.site, database: to.site.database };
  const input = { ...past.input, secretsDigest, database: { ...past.input.database, host, port, name, user } };
  const when = new Date(ports.clock.now()).toISOString();
  const draft = { ...past, site, input, configDigest: configDigest(site, input), who: ports.settings.who, when, rollbackOf: null };
  const why = `The database was moved to ${server}`;
  const release = await recordRelease({ ...draft, why }, await releasesOf(to.namespace, ports), ports);
  return { release, wanted: servedRecord({ ...to, secretsDigest, updatedAt: when }, release) };
}

/** New pods beside the former ones, which stay until the engine settles; visitors are held meanwhile. Each is asked a real page before this is done. */
export async function rollPods(release: Release, ports: Ports, context: EngineContext): Promise<void> {
  await applyRelease(release, ports, context);
}
