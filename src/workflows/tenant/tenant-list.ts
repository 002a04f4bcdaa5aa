import { dirname, resolve } from "node:path";
import { isTenantProfile } from "../../catalog/tenant-profiles.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { splitWords } from "../../site/resolving/words.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { withDetail } from "../shown-task.ts";
import { readSiteText } from "../read-site-file/read-bytes.ts";
import { recordsOf, type Tenant, tenantStore } from "./tenant.ts";
import { checkTenantName, createTenant, type WantedTenant } from "./create-tenant.ts";

/** What became of one tenant of a list. */
export interface Listed {
  readonly name: string;
  readonly outcome: "created" | "there already" | "failed";
  readonly urls: readonly string[];
  readonly seconds: number;
  /** Why it failed. */
  readonly error?: string;
}

/**
 * Tenants of a list, one site a line: `NAME PROFILE [SITE [HOSTNAME…]]`, words quoted as a shell quotes them, `#` begins a comment. A tenant with
 * several sites has several lines of the same profile. Paths are relative to `base`. Error: `usage/invalid` with every wrong line.
 */
export function parseTenantList(text: string, base: string): readonly WantedTenant[] {
  const problems: string[] = [];
  const tenants = new Map<string, WantedTenant>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    try {
      const next = tenantOfLine(line, base);
      const known = tenants.get(next.name);
      if (known !== undefined && known.profile !== next.profile)
        throw new HowdahError("usage/invalid", `${next.name} has the profile ${known.profile} above`);
      tenants.set(next.name, { ...next, sites: [...(known?.sites ?? []), ...next.sites] });
    } catch (error) {
      if (!(error instanceof HowdahError)) throw error;
      problems.push(`line ${String(index + 1)}: ${error.message}`);
    }
  }
  if (problems.length > 0)
    throw new HowdahError("usage/invalid", "The list of tenants has errors; nothing was done", {
      output: problems,
      hint: "A line is `NAME PROFILE SITE [HOSTNAME…]`: `acme small ./shop shop.acme.example`.",
    });
  return [...tenants.values()];
}

function tenantOfLine(line: string, base: string): WantedTenant {
  const read = splitWords(line.replace(/\s+#.*$/, "").trim());
  if ("problem" in read) throw new HowdahError("usage/invalid", read.problem);
  const [name = "", profile = "", site, ...hostnames] = read.words;
  checkTenantName(name);
  if (!isTenantProfile(profile) || profile === "own")
    throw new HowdahError("usage/invalid", `${JSON.stringify(profile)} is no profile: small, medium or large`);
  const given = site === undefined ? [] : [{ given: resolve(base, site), ...(hostnames.length === 0 ? {} : { hostnames }) }];
  return { name, profile, sites: given };
}

/** Reads a list. Errors: `site/not-found`, `site/unreadable`, `usage/invalid`. */
export async function readTenantList(file: string): Promise<readonly WantedTenant[]> {
  return parseTenantList(await readSiteText(file), dirname(file));
}

/**
 * Creates every tenant of a list, one after the other; one that fails holds up no other. What is there and finished is passed over without a look, so
 * that a list of hundreds goes on in seconds where it was cut off.
 */
export async function createTenants(
  list: readonly WantedTenant[],
  directory: string,
  ports: Ports,
  context: EngineContext,
): Promise<readonly Listed[]> {
  const outcomes: Listed[] = [];
  for (const [index, wanted] of list.entries()) {
    context.signal.throwIfAborted();
    const id = `tenant/${wanted.name}`;
    const started = ports.clock.now();
    context.emit({ type: "task-started", id, title: `${String(index + 1)} of ${String(list.length)} · ${wanted.name}` });
    const listed = await createOne(wanted, directory, ports, withDetail(id, context));
    const outcome = { ...listed, seconds: Math.round((ports.clock.now() - started) / 100) / 10 };
    outcomes.push(outcome);
    if (outcome.error === undefined)
      context.emit({
        type: "task-done",
        id,
        outcome: outcome.outcome === "created" ? "changed" : "unchanged",
        detail: outcome.urls.join(" "),
      });
    else context.emit({ type: "task-failed", id, code: "tenant/incomplete", message: outcome.error });
  }
  return outcomes;
}

async function createOne(wanted: WantedTenant, directory: string, ports: Ports, context: EngineContext): Promise<Omit<Listed, "seconds">> {
  try {
    const there = await tenantStore(ports).get(wanted.name);
    const urls = there === undefined ? undefined : await finishedUrls(there, wanted, ports);
    if (urls !== undefined) return { name: wanted.name, outcome: "there already", urls };
    const { sites } = await createTenant(wanted, directory, ports, context);
    return { name: wanted.name, outcome: "created", urls: sites.map(({ record }) => record.url) };
  } catch (error) {
    if (!(error instanceof HowdahError) || error.code === "cancelled") throw error;
    return { name: wanted.name, outcome: "failed", urls: [], error: error.message };
  }
}

/** The URLs of a tenant that has all its sites serving; undefined while something is missing. */
async function finishedUrls(tenant: Tenant, wanted: WantedTenant, ports: Ports): Promise<readonly string[] | undefined> {
  const records = (await recordsOf(tenant, ports)).filter(({ serving }) => serving !== null);
  if (tenant.work !== null || tenant.profile !== wanted.profile || records.length < wanted.sites.length) return undefined;
  const files = new Set(records.flatMap(({ file }) => [file, dirname(file)]));
  const all = await Promise.all(wanted.sites.map(async ({ given }) => files.has(await ports.files.realpath(given).catch(() => given))));
  return all.every(Boolean) ? records.map(({ url }) => url) : undefined;
}
