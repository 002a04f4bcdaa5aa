import { resolve } from "node:path";
import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports } from "../../workflows/ports.ts";
import { CLOSES, confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { type BoundFlags, profileFrom } from "./tenant-bounds.ts";
import { tenantDataCommands } from "./tenant-data.ts";
import { createThere, listThere, profileThere, showThere, suspendThere, type ThereFlags, thereOption } from "./tenant-there.ts";
import { withReporter } from "./with-reporter.ts";

interface CreateFlags extends BoundFlags, ThereFlags {
  readonly profile: string;
  readonly site?: readonly string[];
  readonly hostname?: readonly string[];
  readonly from?: string;
}

/** `howdah tenant`: client organizations, each with sites, data, keys and limits of its own. */
export function tenantCommand(program: Command, choose: Choose): void {
  const tenant = program
    .command("tenant")
    .summary("client organizations: create, ls, show, suspend, resume, export, delete, profile, rotate-key")
    .description(
      "A tenant is one client organization: its sites have networks, volumes, databases, secrets and limits of their own, and nobody reaches what is another's. A site of it is called TENANT/SITE in every command.",
    );
  create(tenant, choose);
  look(tenant, choose);
  suspend(tenant, choose);
  profile(tenant, choose);
  tenantDataCommands(tenant, choose);
}

function bounds(command: Command): Command {
  return command
    .option("--replicas <n>", "with the profile own: pods of each site")
    .option("--workers <n>", "… PHP workers of a pod")
    .option("--memory <size>", "… memory of a pod (512Mi)")
    .option("--connections <n>", "… connections of each site's database user")
    .option("--statement-time <duration>", "… the longest that a statement may take (60s)")
    .option("--disk <size>", "… the most that a writable path may ask for (10Gi)");
}

function create(tenant: Command, choose: Choose): void {
  const command = tenant
    .command("create")
    .argument("[name]", "the tenant's name: small letters, digits and single hyphens, at most 24")
    .summary("make a tenant, with its sites; again, it goes on where it was cut off")
    .option("--profile <profile>", "small, medium, large or own", "small")
    .option("-s, --site <site...>", "directories with code, or site files: brought up in the tenant")
    .option("--hostname <name...>", "hostnames of its only --site (default: those of the file, or SITE.TENANT.localhost)")
    .option("--from <list>", "many tenants: lines of NAME PROFILE [SITE [HOSTNAME…]]");
  thereOption(bounds(command))
    .addHelpText(
      "after",
      "\nExamples:\n  howdah tenant create acme --site ./shop\n  howdah tenant create acme --profile medium --site ./shop --hostname shop.acme.example\n  howdah tenant create city-library --profile own --memory 1Gi --workers 12 --connections 40\n  howdah tenant create --from clients.txt     # 200 tenants; Ctrl-C, and again: it goes on\n\nA list:\n  acme     small   ./shop  shop.acme.example\n  library  medium  ./shop  shop.library.example",
    )
    .action((name: string | undefined, flags: CreateFlags) => {
      const { context: there } = flags;
      if (there !== undefined) {
        requireBare(flags);
        return choose((context) => createThere(name, flags.profile, there, context));
      }
      choose((context) => withReporter(context, (ports, engine) => createAny(name, flags, { context, ports, engine })));
    });
}

/** On a cluster sites come with their own command, and numbers with the resource's fields. */
function requireBare({ context: _context, profile: _profile, ...rest }: CreateFlags): void {
  const [other] = Object.entries(rest).flatMap(([flag, value]) =>
    value === undefined || flag === "output" || flag === "verbose" ? [] : [flag],
  );
  if (other === undefined) return;
  throw new HowdahError(
    "usage/invalid",
    `--${other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is for this machine, not for --context`,
    {
      hint: "Sites come to a cluster with `howdah deploy --context`; `kubectl explain tenant.spec` documents what a Tenant may have.",
    },
  );
}

interface At {
  readonly context: CliContext;
  readonly ports: Ports;
  readonly engine: EngineContext;
}

async function createAny(name: string | undefined, flags: CreateFlags, { context, ports, engine }: At): Promise<number> {
  if ((name === undefined) === (flags.from === undefined))
    throw new HowdahError("usage/invalid", "Name the tenant, or give a list with --from: one of the two");
  if (name === undefined) {
    const { createTenants, readTenantList } = await import("../../workflows/tenant/tenant-list.ts");
    const { printListed } = await import("../report/print-tenants.ts");
    const list = await readTenantList(resolve(context.directory, flags.from ?? ""));
    return printListed(await createTenants(list, context.directory, ports, engine), context);
  }
  const { createTenant } = await import("../../workflows/tenant/create-tenant.ts");
  const { printTenant } = await import("../report/print-tenants.ts");
  const { site: sites = [], hostname: hostnames } = flags;
  if (hostnames !== undefined && sites.length !== 1) throw new HowdahError("usage/invalid", "--hostname is for exactly one --site");
  const wanted = sites.map((given) => ({ given: resolve(context.directory, given), ...(hostnames === undefined ? {} : { hostnames }) }));
  const made = await createTenant({ name, ...profileFrom(flags.profile, flags), sites: wanted }, context.directory, ports, engine);
  for (const { credentials, record } of made.sites) {
    if (credentials !== null && context.terminal.output !== "json")
      context.terminal.err(
        `  ${record.url}: log in as ${credentials.user} with ${credentials.password} (shown once; kept in the secret store)\n`,
      );
  }
  return await printTenant(made.tenant, ports, context);
}

function look(tenant: Command, choose: Choose): void {
  thereOption(tenant.command("ls"))
    .summary("every tenant of this machine, or of a cluster")
    .addHelpText("after", "\nExamples:\n  howdah tenant ls\n  howdah tenant ls --output json | jq -r '.[].name'")
    .action(({ context: there }: ThereFlags) => {
      choose(async (context) => {
        if (there !== undefined) return listThere(there, context);
        const { tenantStore } = await import("../../workflows/tenant/tenant.ts");
        const { printTenants } = await import("../report/print-tenants.ts");
        return printTenants(await tenantStore(await context.ports()).list(), context);
      });
    });
  thereOption(tenant.command("show"))
    .argument("<name>", "the tenant's name")
    .summary("one tenant: state, limits, sites")
    .addHelpText("after", "\nExamples:\n  howdah tenant show acme\n  howdah tenant show acme --output json | jq -r .state")
    .action((name: string, { context: there }: ThereFlags) => {
      choose((context) => (there === undefined ? show(name, context) : showThere(name, there, context)));
    });
}

async function show(name: string, context: CliContext): Promise<number> {
  const { requireTenant } = await import("../../workflows/tenant/tenant.ts");
  const { printTenant } = await import("../report/print-tenants.ts");
  const ports = await context.ports();
  return await printTenant(await requireTenant(name, ports), ports, context);
}

function suspend(tenant: Command, choose: Choose): void {
  thereOption(tenant.command("suspend"))
    .argument("<name>", "the tenant's name")
    .summary("visitors read a page (503), crons stop, database sessions end; data stays")
    .option("--message <text>", "what visitors read")
    .option("-y, --yes", "don't ask", false)
    .addHelpText(
      "after",
      '\nExamples:\n  howdah tenant suspend acme\n  howdah tenant suspend acme --yes --message "Closed until the invoice is paid."\n  howdah tenant resume acme',
    )
    .action((name: string, flags: ThereFlags & { readonly message?: string; readonly yes: boolean }) => {
      const { context: there, message, yes } = flags;
      if (there !== undefined && message !== undefined)
        throw new HowdahError("usage/invalid", "--message is for this machine, not for --context");
      if (there !== undefined) return choose((context) => suspendThere({ name, suspended: true, yes }, there, context));
      choose(async (context) => {
        const { SUSPENDED_WORDS, suspendTenant } = await import("../../workflows/tenant/suspend-tenant.ts");
        const { requireTenant } = await import("../../workflows/tenant/tenant.ts");
        const { sites } = await requireTenant(name, await context.ports());
        await confirm(`Suspend ${name} with ${String(sites.length)} sites?`, flags.yes, context, CLOSES);
        await withReporter(context, (ports, engine) => suspendTenant(name, flags.message ?? SUSPENDED_WORDS, ports, engine));
        return await show(name, context);
      });
    });
  thereOption(tenant.command("resume"))
    .argument("<name>", "the tenant's name")
    .summary("let a suspended tenant work again")
    .addHelpText("after", "\nExamples:\n  howdah tenant resume acme")
    .action((name: string, { context: there }: ThereFlags) => {
      choose(async (context) => {
        if (there !== undefined) return suspendThere({ name, suspended: false, yes: true }, there, context);
        const { resumeTenant } = await import("../../workflows/tenant/suspend-tenant.ts");
        await withReporter(context, (ports, engine) => resumeTenant(name, ports, engine));
        return await show(name, context);
      });
    });
}

function profile(tenant: Command, choose: Choose): void {
  const command = bounds(
    tenant
      .command("profile")
      .argument("<name>", "the tenant's name")
      .argument("<profile>", "small, medium, large or own")
      .summary("give a tenant another profile; its sites get it as a release, without a failed request"),
  );
  thereOption(command)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah tenant profile acme large\n  howdah tenant profile acme own --memory 1Gi --workers 12 --connections 40\n  howdah tenant profile acme large --context prod     # quotas and database users, without a release",
    )
    .action((name: string, chosen: string, flags: BoundFlags & ThereFlags) => {
      choose(async (context) => {
        if (flags.context !== undefined) return profileThere(name, profileFrom(chosen, flags), flags.context, context);
        const { changeProfile } = await import("../../workflows/tenant/change-profile.ts");
        await withReporter(context, (ports, engine) => changeProfile(name, profileFrom(chosen, flags), ports, engine));
        return await show(name, context);
      });
    });
}
