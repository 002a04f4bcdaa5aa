import { resolve } from "node:path";
import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { deleteThere, exportThere, printRotated, rotateKeyThere } from "./tenant-data-there.ts";
import { type ThereFlags, thereOption } from "./tenant-there.ts";
import { withReporter } from "./with-reporter.ts";

/** The verbs of `howdah tenant` that hand data over, delete it, or change keys. */
export function tenantDataCommands(tenant: Command, choose: Choose): void {
  exportCommand(tenant, choose);
  deleteCommand(tenant, choose);
  rotateCommand(tenant, choose);
}

function exportCommand(tenant: Command, choose: Choose): void {
  thereOption(tenant.command("export"))
    .argument("<name>", "the tenant's name")
    .argument("[file]", "where to (default: NAME-DAY.tar)")
    .summary("everything a client is owed in one tar: dumps, files, site files, checksums")
    .option("--overwrite", "replace a file that is there", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah tenant export acme\n  howdah tenant export acme /srv/exports/acme.tar --overwrite\n  howdah tenant export acme --context prod\n\nIn it: sites/SITE/howdah.yaml, database.sql.gz, files/…, and manifest.json with a SHA-256 of each.",
    )
    .action((name: string, file: string | undefined, flags: ThereFlags & { readonly overwrite: boolean }) => {
      const { context: there, overwrite } = flags;
      if (there !== undefined) return choose((context) => exportThere(name, { file, overwrite, context: there }, context));
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { exportTenant, usualExportName } = await import("../../workflows/tenant/export-tenant.ts");
          const target = resolve(context.directory, file ?? usualExportName({ name }, new Date(ports.clock.now())));
          const { manifest, bytes } = await exportTenant(name, { file: target, overwrite }, ports, engine);
          context.terminal.out(
            context.terminal.output === "json" ? `${JSON.stringify({ file: target, bytes, ...manifest }, null, 2)}\n` : `${target}\n`,
          );
          return 0;
        }),
      );
    });
}

interface DeleteFlags extends ThereFlags {
  readonly yes: boolean;
  /** `--export FILE`; false: `--no-export`. */
  readonly export?: string | false;
}

function deleteCommand(tenant: Command, choose: Choose): void {
  thereOption(tenant.command("delete"))
    .argument("<name>", "the tenant's name")
    .summary("hand over its data, take its sites away; the data is kept for a while, then deleted")
    .description(
      "Suspends the tenant, writes everything it is owed to a file, then takes its sites away. Volumes, databases and secrets are kept for the retention period (7 days, HOWDAH_RETENTION_DAYS) and deleted after it, or at once with `howdah destroy TENANT--SITE --purge`. Cut off, the agent or the same command goes on.",
    )
    .option("--export <file>", "where its data is handed over to")
    .option("--no-export", "nobody wants its data")
    .option("-y, --yes", "don't ask", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah tenant delete acme --export /srv/exports/acme.tar\n  howdah tenant delete acme --no-export --yes\n  howdah tenant delete acme --context prod --export acme.tar",
    )
    .action((name: string, flags: DeleteFlags) => {
      const { context: there } = flags;
      choose((context) =>
        there === undefined ? deleteIt(name, flags, context) : deleteThere(name, { ...flags, context: there }, context),
      );
    });
}

async function deleteIt(name: string, flags: DeleteFlags, context: CliContext): Promise<number> {
  const { deleteTenant, planDeletion } = await import("../../workflows/tenant/delete-tenant.ts");
  const ports = await context.ports();
  const plan = await planDeletion(name, ports);
  const handedOver = plan.tenant.work?.verb === "delete" ? plan.tenant.work.exported : undefined;
  if (typeof flags.export !== "string" && flags.export !== false && handedOver === undefined)
    throw new HowdahError("usage/invalid", `Where is the data of ${name} handed over to?`, {
      hint: `--export ${name}.tar writes it to a file; --no-export says that nobody wants it.`,
    });
  const target = typeof flags.export === "string" ? resolve(context.directory, flags.export) : null;
  const day = plan.keptUntil.slice(0, 10);
  const lines = (words: readonly string[]): string => words.map((line) => `  ${line}\n`).join("");
  context.terminal.err(
    `${target === null || handedOver !== undefined ? "" : `Hands over:\n  ${target}\n`}Deletes:\n${lines(plan.deletes)}${plan.keeps.length === 0 ? "" : `Keeps until ${day}:\n${lines(plan.keeps)}`}`,
  );
  await confirm(`Delete the tenant ${name}?`, flags.yes, context);
  await withReporter(context, (wired, engine) => deleteTenant(name, target, wired, engine));
  const { tenant: _tenant, ...what } = plan;
  context.terminal.out(
    context.terminal.output === "json"
      ? `${JSON.stringify({ name, exported: handedOver ?? target, ...what })}\n`
      : `${name} is gone. ${plan.keeps.length === 0 ? "It had no data." : `Its data is kept until ${day}.`}\n`,
  );
  return 0;
}

function rotateCommand(tenant: Command, choose: Choose): void {
  thereOption(tenant.command("rotate-key"))
    .argument("<name>", "the tenant's name")
    .summary("give a tenant another key pair for JSON Web Tokens; both are valid until --finish")
    .option("--finish", "the former key is valid no longer", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah tenant rotate-key acme\n  howdah tenant rotate-key acme --finish\n  howdah tenant rotate-key acme --context prod\n\nA site reads the pair from its secret: `{secret: tenant-keys/private-key}`, `{secret: tenant-keys/jwks.json}`.",
    )
    .action((name: string, flags: ThereFlags & { readonly finish: boolean }) => {
      const { context: there, finish } = flags;
      if (there !== undefined) return choose((context) => rotateKeyThere(name, { finish, context: there }, context));
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { rotateKey } = await import("../../workflows/tenant/change-profile.ts");
          const rotated = await rotateKey(name, flags, ports, engine);
          return printRotated(name, rotated, finish ? null : `howdah tenant rotate-key ${name} --finish`, context);
        }),
      );
    });
}
