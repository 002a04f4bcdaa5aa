import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { InstallSettingsFlags } from "../../workflows/cluster/chosen-settings.ts";
import type { EngineContext, Ports } from "../../workflows/ports.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { LOCK_WORDS, lockFileOf } from "./operator.ts";
import { withReporter } from "./with-reporter.ts";

interface InstallFlags extends InstallSettingsFlags {
  readonly context: string;
  readonly image?: string;
  readonly to?: string;
  readonly lock?: string;
  readonly dryRun: boolean;
}

const collect = (entry: string, before: readonly string[]): readonly string[] => [...before, entry];

/** Flags that describe the cluster; without any of them what was chosen before stays. */
function clusterFlags(command: Command): Command {
  return command
    .option("--context <name>", "the kubeconfig's context (`.` is the current one)", ".")
    .option("--image <reference>", "the operator's image, by digest: what `howdah operator image` answered")
    .option("--to <repository>", "make the operator's image from this program and push it there")
    .option("--lock <file>", LOCK_WORDS)
    .option("--pull-secret <name>", "a Secret of howdah-system for the registry of images")
    .option("--gateway <namespace/name>", "visitors come by this Gateway")
    .option("--http-listener <name>", "the Gateway's listener for HTTP")
    .option("--https-listener <name>", "the Gateway's listener for HTTPS")
    .option("--ingress-class <name>", "visitors come by an Ingress of this class; an empty name is the cluster's default")
    .option("--ingress-annotation <name=value>", "an annotation of every Ingress, such as cert-manager.io/cluster-issuer=NAME", collect, [])
    .option("--service <type>", "visitors come to the Services themselves: NodePort or LoadBalancer")
    .option("--from <namespace>", "a namespace whose pods connect to web servers, such as the Ingress controller's", collect, [])
    .option("--monitoring <namespace>", "a namespace whose pods read figures (Prometheus)", collect, [])
    .option("--trust <network>", "where the way in connects from, whose X-Forwarded-* are believed", collect, [])
    .option("--storage-class <name>", "the class of volumes that all pods of a site share; it must know ReadWriteMany")
    .option("--read-write-once", "for clusters of one node: shared volumes are ReadWriteOnce", false)
    .option("--local-storage-class <name>", "a class for local mounts (default: the node's own disk)")
    .option(
      "--sessions <place>",
      "where session servers keep logins: volume, or memory where volumes lie on one node's disk (default: as the default class is)",
    )
    .option("--priority-class <name>", "the PriorityClass of sites' pods")
    .option("--memory-request <percent>", "how much of a memory limit is requested (default: 100%)")
    .option("--private-network <network>", "a private network that sites connect to (the internet is always open)", collect, [])
    .option("--name-server <address>", "a name server that is no pod of kube-system (NodeLocal DNSCache)")
    .option("--cluster-domain <name>", "the cluster's domain (default: cluster.local)")
    .option("-n, --dry-run", "print what would be applied as YAML, from the flags alone; ask and change nothing", false);
}

/** `howdah install`: Howdah in a cluster. */
export function installCommand(program: Command, choose: Choose): void {
  clusterFlags(
    program
      .command("install")
      .summary("put Howdah into a cluster: definitions, operator, roles")
      .description(
        "Puts Howdah into the cluster of a context: definitions of Site, Environment, Release and Tenant, the namespace howdah-system with the operator, and its roles. Checks first, shows progress, waits until the operator is ready. May be repeated; what is chosen for the cluster (way in, storage, networks) stays unless a flag chooses anew.",
      ),
  )
    .addHelpText(
      "after",
      "\nExamples:\n  howdah install --context lab --to registry.example.org/howdah/operator --pull-secret registry --gateway gateway/public --storage-class cephfs\n  howdah install --image registry.example.org/howdah/operator@sha256:… --ingress-class traefik --from traefik\n  howdah install --image … --dry-run | kubectl diff -f -\n\nIt needs a user who may make ClusterRoles and CustomResourceDefinitions.",
    )
    .action((flags: InstallFlags) => {
      choose((context) => install(flags, context));
    });
}

/** `howdah upgrade`: the same act, on a cluster that has it. */
export function upgradeCommand(program: Command, choose: Choose): void {
  clusterFlags(
    program
      .command("upgrade")
      .summary("put this version of Howdah in the place of the one in a cluster")
      .description(
        "As `howdah install`, for a cluster that has Howdah: what was chosen stays unless a flag chooses anew. Without --image and --to the image is made from this program and pushed to where the former one came from. Sites serve on; a rollout under way is finished by the new operator. To go back: `--image` with the former image, which the answer names.",
      ),
  )
    .addHelpText(
      "after",
      "\nExamples:\n  howdah upgrade --context lab\n  howdah upgrade --context lab --storage-class cephfs\n  howdah upgrade --context lab --image registry.example.org/howdah/operator@sha256:…",
    )
    .action((flags: InstallFlags) => {
      choose((context) => install(flags, context, true));
    });
}

/** `howdah uninstall`: the operator goes, everything else stays. */
export function uninstallCommand(program: Command, choose: Choose): void {
  program
    .command("uninstall")
    .summary("take the operator out of a cluster; sites go on serving, no data is touched")
    .description(
      "Deletes the operator, its roles and its Service. Sites, releases, databases, volumes, secrets, definitions and the namespace howdah-system stay: sites go on serving, and `howdah install` takes them up again.",
    )
    .option("--context <name>", "the kubeconfig's context (`.` is the current one)", ".")
    .addHelpText("after", "\nExamples:\n  howdah uninstall --context lab")
    .action(({ context: name }: { readonly context: string }) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { uninstallOperator } = await import("../../workflows/cluster/install-operator.ts");
          const { operatorPullSecret } = await import("../../workflows/cluster/cluster-place.ts");
          const { installedImage } = await import("../../workflows/cluster/plan-install.ts");
          const { api, context: connected } = await ports.clusters.connect(name === "." ? undefined : name);
          const { signal } = context;
          const [former, pullSecret] = [await installedImage(api, signal), await operatorPullSecret(api, signal)];
          const deleted = await uninstallOperator(api, ports, engine);
          const undo = `howdah install --context ${connected} --image ${former ?? "…"}${pullSecret === undefined ? "" : ` --pull-secret ${pullSecret}`}`;
          const text =
            deleted.length === 0
              ? "There was no operator.\n"
              : `Deleted: ${deleted.join(", ")}.\nSites go on serving; their data, definitions and releases stay, and what was chosen for the cluster.\n  undo: ${undo}\n`;
          context.terminal.out(
            context.flags.output === "json" ? `${JSON.stringify({ context: connected, deleted, former }, null, 2)}\n` : text,
          );
          return 0;
        }),
      );
    });
}

async function install(flags: InstallFlags, context: CliContext, isUpgrade = false): Promise<number> {
  const both = flags.image !== undefined && flags.to !== undefined;
  if (both || (!isUpgrade && flags.image === undefined && flags.to === undefined))
    throw new HowdahError("usage/invalid", "One of --image and --to says which image the operator has", {
      hint: "`--to registry.example.org/howdah/operator` makes it from this program; `howdah operator image` makes it alone.",
    });
  return withReporter(context, async (ports, engine) => {
    if (flags.dryRun) return printObjects(flags, context);
    const { installOperator } = await import("../../workflows/cluster/install-operator.ts");
    const { planInstall } = await import("../../workflows/cluster/plan-install.ts");
    const cluster = await ports.clusters.connect(flags.context === "." ? undefined : flags.context);
    const plan = await planInstall(cluster, { pullSecret: flags.pullSecret, flags }, engine);
    if (isUpgrade && plan.former === null)
      throw new HowdahError("cluster/not-installed", `There is no Howdah in the cluster of the context ${cluster.context}`);
    const image = flags.image ?? (await makeImage(flags.to ?? repositoryOf(plan.former ?? ""), flags.lock, { context, ports, engine }));
    await installOperator(cluster.api, { ...plan, image }, ports, engine);
    const { kubernetes, former } = plan;
    const answer = { context: cluster.context, kubernetes, image, former };
    context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(answer, null, 2)}\n` : installed(answer, context.version));
    return 0;
  });
}

interface Installed {
  readonly context: string;
  readonly kubernetes: string;
  readonly image: string;
  /** The image before; null at the first time. */
  readonly former: string | null;
}

function installed({ context, kubernetes, image, former }: Installed, version: string): string {
  const flag = `--context ${context}`;
  const undo = former === null ? `howdah uninstall ${flag}` : former === image ? undefined : `howdah upgrade ${flag} --image ${former}`;
  return [
    `Howdah ${version} runs in ${context} (Kubernetes ${kubernetes}).`,
    `  look: howdah doctor ${flag}`,
    `  next: howdah deploy ${flag} in a site's directory`,
    ...(undo === undefined ? [] : [`  undo: ${undo}`]),
    "",
  ].join("\n");
}

/** Says what would be applied: without asking the cluster, so with the flags' settings alone. */
async function printObjects(flags: InstallFlags, context: CliContext): Promise<number> {
  const { installObjects } = await import("../../workflows/cluster/install-operator.ts");
  const { chosenSettings } = await import("../../workflows/cluster/chosen-settings.ts");
  const { writeYaml } = await import("../../site/documenting/write-yaml.ts");
  const image = flags.image ?? `${flags.to ?? "example.org/howdah/operator"}@sha256:to-be-made`;
  const objects = installObjects({ image, pullSecret: flags.pullSecret ?? null, settings: chosenSettings(undefined, flags) });
  context.terminal.out(
    context.flags.output === "json"
      ? `${JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, null, 2)}\n`
      : objects.map((object) => `---\n${writeYaml(object)}`).join(""),
  );
  return 0;
}

async function makeImage(
  repository: string,
  lock: string | undefined,
  { context, ports, engine }: { readonly context: CliContext; readonly ports: Ports; readonly engine: EngineContext },
): Promise<string> {
  const { operatorImage } = await import("../../workflows/cluster/operator-image.ts");
  const source = { version: context.version, lockFile: lockFileOf(lock) };
  return (await operatorImage({ kind: "registry", repository }, source, ports, engine)).reference;
}

/** Where the operator that runs came from: the next one goes beside it. An image that is in no registry gives nothing to push to. */
function repositoryOf(image: string): string {
  const [, repository] = /^(.+)@sha256:[0-9a-f]{64}$/.exec(image) ?? [];
  if (repository !== undefined) return repository;
  throw new HowdahError("usage/invalid", `The operator's image ${image} is in no registry: --image or --to says which one it gets`);
}
