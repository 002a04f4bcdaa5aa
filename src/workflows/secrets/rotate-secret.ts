import { HowdahError } from "../../kernel/howdah-error.ts";
import { DATABASE_SECRET, GENERATED_SECRET } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { DatabaseAccess } from "../../providers/database/database-server.ts";
import { FORMER_PASSWORD } from "../../providers/database/mariadb/former-password.ts";
import { generateValue } from "../../providers/secrets/generate-value.ts";
import type { GeneratedValue } from "../../providers/secrets/secret-store.ts";
import { renderSite } from "../../render/site/render-site.ts";
import { ownDatabaseOf } from "../environment/prepare-own-database.ts";
import { refuseEnvironment } from "../environment/refuse-environment.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { recordRelease, releasesOf, servingOf } from "../release/release-store.ts";
import { openJournal } from "../rollout/journal.ts";
import { recoverRollout } from "../rollout/recover-rollout.ts";
import { rollOut } from "../rollout/rollout.ts";
import { requireActive } from "../tenant/tenant.ts";
import { serverReference } from "../up/database-server.ts";
import { configDigest } from "../up/draft-release.ts";
import { prepareSecrets } from "../up/prepare-secrets.ts";
import { stages } from "../up/stages.ts";

/** The database's password is rotated under this name. */
const DATABASE = "database";
/** As it is made the first time: 43 characters of 62 are 256 bits. */
const PASSWORD: GeneratedValue = { bytes: 43, encoding: "alphanumeric" };

/** What was rotated, and the release whose pods have the new value. */
export interface Rotated {
  readonly name: string;
  readonly release: string;
}

/**
 * Gives a secret of Howdah's own making another value without a failed request: the database takes both passwords, new pods with the new one
 * replace the former, then the old one is withdrawn. Killed anywhere, both stay valid, and the next call goes on with the same new value. A
 * generated variable has one value at a time; pods roll to it. Errors: `usage/invalid` for what Howdah did not make, and those of a rollout,
 * after which the former pods serve and both passwords are valid.
 */
export async function rotateSecret(record: SiteRecord, name: string, ports: Ports, context: EngineContext): Promise<Rotated> {
  const { namespace } = record;
  const wanted = generatedOf(record, name);
  if (wanted === null) refuseEnvironment(record, "its database's password is nobody else's", "`howdah env reset` makes it anew.");
  const stage = stages(context.emit, ports, context.signal, []);
  return await ports.locks.hold(namespace, "secret rotate", async () => {
    await requireActive(record.site, ports);
    await recoverRollout(namespace, ports, context);
    if (wanted === null) await stage("rotate", "Both passwords are valid", () => beginPassword(record, ports));
    else
      await stage("rotate", `A new value for ${name}`, () =>
        ports.secrets.set(namespace, GENERATED_SECRET, { [name]: fresh(wanted, name) }),
      );
    const release = await rollPods(record, name, ports, context);
    if (wanted === null) await stage("withdraw", "The former password is withdrawn", () => withdrawPassword(record, ports));
    return { name, release };
  });
}

/** Null for the database's password. */
function generatedOf({ site, database }: SiteRecord, name: string): GeneratedValue | null {
  if (name === DATABASE && database !== null) return null;
  const variable = site.variables.find((one) => one.name === name);
  if (variable?.from === "generated") return variable;
  const others = site.variables.flatMap((one) => (one.from === "generated" ? [one.name] : []));
  throw new HowdahError("usage/invalid", `${site.name} has no secret ${JSON.stringify(name)} that Howdah made`, {
    hint: `It made: ${[...(database === null ? [] : [DATABASE]), ...others].join(", ") || "none"}. A value of your own: \`howdah secret set\`, then \`howdah up\`.`,
  });
}

function fresh(wanted: GeneratedValue, name: string): Secret {
  return new Secret(generateValue(wanted), name);
}

/** Both values are kept before the server is told: whoever is killed here leaves passwords that every `up` makes valid again. */
async function beginPassword(record: SiteRecord, ports: Ports): Promise<void> {
  const { namespace } = record;
  const kept = await ports.secrets.get(namespace, DATABASE_SECRET);
  const password = kept?.["password"];
  if (password === undefined)
    throw new HowdahError("database/failed", `The password of ${namespace}'s database is lost`, { hint: "`howdah up` makes a new one." });
  if (kept?.[FORMER_PASSWORD] === undefined)
    await ports.secrets.set(namespace, DATABASE_SECRET, { [FORMER_PASSWORD]: password, password: fresh(PASSWORD, "password") });
  await ensureAccess(record, false, ports);
}

async function withdrawPassword(record: SiteRecord, ports: Ports): Promise<void> {
  await ensureAccess(record, true, ports);
  await ports.secrets.remove(record.namespace, DATABASE_SECRET, FORMER_PASSWORD);
}

async function ensureAccess(
  { site, namespace, database }: SiteRecord,
  withdrawFormer: boolean,
  ports: Ports,
): Promise<DatabaseAccess | null> {
  if (site.database === null || database === null) return null;
  if (site.preview !== undefined) return await ownDatabaseOf(site, namespace, ports);
  const { charset, collation } = site.database;
  const server = serverReference(database.server, ports);
  return await ports.databases.ensureDatabase({
    server,
    site: site.name,
    environment: site.environment,
    namespace,
    charset,
    collation,
    withdrawFormer,
    limits: site.database.limits,
  });
}

/** The release that serves, again, with the secrets of now: no build, no migration. */
export async function rollPods(record: SiteRecord, name: string, ports: Ports, context: EngineContext): Promise<string> {
  const { namespace } = record;
  const asked = ports.clock.now();
  const known = await releasesOf(namespace, ports);
  const serving = servingOf(known);
  const former = await ports.records.get(namespace);
  if (serving === undefined || former === undefined)
    throw new HowdahError("release/unknown", `No release of ${namespace} serves`, {
      hint: "`howdah up` makes one from the code; then ask again.",
    });
  const access = await ensureAccess(record, false, ports);
  const secretsDigest = await prepareSecrets(
    serving.site,
    namespace,
    access === null ? null : { password: access.password, url: access.url },
    ports,
  );
  const input = { ...serving.input, secretsDigest };
  const desired = renderSite(serving.site, input);
  const inventory = await ports.engine.inventory(namespace);
  const steps = planObjects(desired, inventory);
  if (steps.length === 0) return serving.id; // a call that was killed has rolled them
  const when = new Date(asked).toISOString();
  const wanted: SiteRecord = { ...former, secretsDigest, updatedAt: when };
  const journal = await openJournal(
    { namespace, step: "build", release: null, wanted: null, held: false, former: serving.id, formerRecord: former, startedAt: when },
    ports,
  );
  const { id: _id, ...past } = serving;
  const digest = configDigest(serving.site, input);
  const why = `The secret ${name} was rotated`;
  const release = await recordRelease(
    { ...past, input, configDigest: digest, who: ports.settings.who, why, when, rollbackOf: null },
    known,
    ports,
  );
  const stage = stages(context.emit, ports, context.signal, []);
  await rollOut(
    { release, wanted, former, desired, steps, judge: undefined, down: inventory.down === true, asked },
    journal,
    stage,
    ports,
    context,
  );
  return release.id;
}
