import { resolve } from "node:path";
import type { Evidence } from "../../detect/evidence.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { PositionedDiagnostic } from "../../site/reading/positions.ts";
import { initSite } from "../init/init-site.ts";
import { loadSite } from "../load-site/load-site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { joinTenant, placeSite } from "../tenant/place-site.ts";
import { type Credentials, credentialsOf } from "./credentials-of.ts";
import { requireRoot } from "./check-machine.ts";
import { locateSite } from "./locate-site.ts";
import { planUp, type UpPlan } from "./plan-up.ts";
import { requireRunning, withLocalTls, withTlsOf } from "./require-running.ts";
import { bringUp, type UpResult } from "./up.ts";

/** `howdah up` as typed. */
export interface UpCommand {
  readonly given: string;
  readonly directory: string;
  readonly dryRun: boolean;
  readonly port?: string;
  readonly bind?: string;
  readonly tls: boolean;
  readonly adopt: boolean;
  /** `deploy` takes only a site that runs here, and writes no site file. */
  readonly verb: "up" | "deploy";
  readonly message?: string;
  /** The tenant that the site goes into; a deploy's site stays in its own. */
  readonly tenant?: string;
  /** In the place of the file's: for a tenant's site. */
  readonly hostnames?: readonly string[];
}

/** What happened. */
export interface UpDone extends UpResult {
  readonly kind: "done";
  readonly warnings: readonly PositionedDiagnostic[];
  readonly credentials: Credentials | null;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new HowdahError("usage/invalid", `--port takes a number from 1 to 65535, not ${text}`);
  return port;
}

/** The settings with what this command says; kept for later commands once the edge listens there, since all sites share it. */
function withSettings(command: UpCommand, ports: Ports): Ports {
  if (command.port === undefined && command.bind === undefined) return ports;
  const httpPort = command.port === undefined ? ports.settings.httpPort : portNumber(command.port);
  const settings = {
    ...ports.settings,
    httpPort,
    httpsPort: httpPort === 80 ? 443 : ports.settings.httpsPort,
    bind: command.bind ?? ports.settings.bind,
  };
  const ensure: Ports["edge"]["ensure"] = async (wanted, context) => {
    await ports.edge.ensure(wanted, context);
    await ports.saveSettings(settings);
  };
  return { ...ports, settings, edge: { ...ports.edge, ensure } };
}

/** A directory without a site file gets one, from what its code shows. */
async function ensureSiteFile(command: UpCommand, ports: Ports, context: EngineContext): Promise<void> {
  const place = await locateSite(command.given, command.directory, ports.files);
  if (place.exists) return;
  if (command.dryRun)
    throw new HowdahError("site/not-found", `There is no ${place.file} yet`, {
      hint: "`howdah init --dry-run` shows the one that `up` would write.",
    });
  const { proposal } = await initSite(
    { given: command.given, directory: command.directory, yes: true, dryRun: false, force: false },
    ports,
  );
  for (const message of mainEvidence(proposal.evidence)) context.emit({ type: "notice", level: "info", message });
  for (const diagnostic of proposal.diagnostics)
    context.emit({ type: "notice", level: diagnostic.severity === "info" ? "info" : "warning", message: diagnostic.message });
}

/** What decides how the site runs, a line each, with its best reason; `howdah init --dry-run` shows all of it. */
function mainEvidence(evidence: readonly Evidence[]): readonly string[] {
  const fields = ["spec.recipe", "spec.runtime", "spec.runtime.php", "spec.web.root", "spec.database"];
  const first = fields.flatMap((field) => evidence.find((one) => one.field === field) ?? []);
  const mounts = evidence.filter(({ field }) => field.startsWith("spec.mounts.")).map(({ value }) => value);
  return [
    ...first.map(({ field, value, because }) => `${field.replace("spec.", "")}: ${value} (${because})`),
    ...(mounts.length === 0 ? [] : [`writable: ${[...new Set(mounts)].join(", ")}`]),
  ];
}

/** `howdah up`: finds or writes the site file, then plans or performs. */
export async function runUp(command: UpCommand, given: Ports, context: EngineContext): Promise<UpPlan | UpDone> {
  await requireRoot(given);
  const ports = withSettings(command, given);
  const running = command.verb === "deploy" ? await requireRunning(command.given, command.directory, ports) : undefined;
  if (running === undefined) await ensureSiteFile(command, ports, context);
  const loaded = await loadSite(running?.file ?? command.given, command.directory, ports.files);
  const declared = command.tls ? withLocalTls(loaded.site) : withTlsOf(running, loaded.site);
  const tenant = running === undefined ? command.tenant : running.site.tenant?.name;
  const site = await placeSite(declared, { tenant, hostnames: command.hostnames }, ports);
  if (command.dryRun) return planUp(site, ports);
  for (const warning of loaded.warnings)
    context.emit({ type: "notice", level: warning.severity === "info" ? "info" : "warning", message: warning.message });
  if (site.scale.max !== undefined) {
    const message = `scale.max is for Kubernetes: this machine runs ${String(site.scale.replicas)}`;
    context.emit({ type: "notice", level: "info", message });
  }
  const source = await ports.files.realpath(resolve(loaded.source));
  const file = await ports.files.realpath(loaded.file);
  await joinTenant(site, { file, hostnames: command.hostnames }, ports);
  const result = await bringUp(
    {
      ...{ site, source, lockFile: loaded.lockFile, adopt: command.adopt, file },
      command: command.verb,
      why: command.message ?? null,
    },
    ports,
    context,
  );
  return { kind: "done", ...result, warnings: loaded.warnings, credentials: await credentialsOf(site, result.showCredentials, ports) };
}
