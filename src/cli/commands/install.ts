import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ClusterFlags } from "../../workflows/manifests/cluster-settings-from.ts";
import type { EngineContext, Ports } from "../../workflows/ports.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { withReporter } from "./with-reporter.ts";

interface InstallFlags extends Omit<ClusterFlags, "clusterDomain"> {
  readonly clusterDomain?: string;
  readonly context?: string;
  readonly image?: string;
  readonly to?: string;
  readonly trust: readonly string[];
  readonly dryRun: boolean;
}

const collect = (entry: string, before: readonly string[]): readonly string[] => [...before, entry];

/** Flags that describe the cluster; without any of them what was chosen before stays. */
function clusterFlags(command: Command): Command {
  return command
    .option("--context <name>", "the kubeconfig's context (`.`, the default, is the current one)", ".")
    .option("--image <reference>", "the operator's image, by digest: what `howdah operator image` answered")
    .option("--to <repository>", "make the operator's image from this program and push it there")
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
    .option("--priority-class <name>", "the PriorityClass of sites' pods")
    .option("--memory-request <percent>", "how much of a memory limit is requested (default: 100%)")
    .option("--private-network <network>", "a private network that sites connect to (the internet is always open)", collect, [])
    .option("--name-server <address>", "a name server that is no pod of kube-system (NodeLocal DNSCache)")
    .option("--cluster-domain <name>", "the cluster's domain (default: cluster.local)")
    .option("-n, --dry-run", "print everything as YAML; change nothing", false);
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
        "As `howdah install`, for a cluster that has Howdah: what was chosen stays. Sites serve on; a rollout under way is finished by the new operator.",
      ),
  )
    .addHelpText(
      "after",
      "\nExamples:\n  howdah upgrade --context lab --to registry.example.org/howdah/operator\n  howdah upgrade --context lab --image … --dry-run",
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
    .option("--context <name>", "the kubeconfig's context (`.`, the default, is the current one)", ".")
    .addHelpText("after", "\nExamples:\n  howdah uninstall --context lab")
    .action(({ context: name }: { readonly context: string }) => {
      choose((context) =>
        withReporter(context, async (ports) => {
          const { uninstallOperator } = await import("../../workflows/cluster/install-operator.ts");
          const { api } = await ports.clusters.connect(name === "." ? undefined : name);
          const gone = await uninstallOperator(api, context.signal);
          const text =
            gone.length === 0
              ? "There was no operator.\n"
              : `Deleted: ${gone.join(", ")}.\nSites go on serving; their data, definitions and releases stay.\n`;
          context.terminal.out(context.flags.output === "json" ? `${JSON.stringify({ deleted: gone }, null, 2)}\n` : text);
          return 0;
        }),
      );
    });
}

async function install(flags: InstallFlags, context: CliContext, isUpgrade = false): Promise<number> {
  if ((flags.image === undefined) === (flags.to === undefined))
    throw new HowdahError("usage/invalid", "One of --image and --to says which image the operator has", {
      hint: "`--to registry.example.org/howdah/operator` makes it from this program; `howdah operator image` makes it alone.",
    });
  const settings = await settingsOf(flags);
  return withReporter(context, async (ports, engine) => {
    const { installObjects, installOperator, isInstalled } = await import("../../workflows/cluster/install-operator.ts");
    const pullSecret = flags.pullSecret ?? null;
    if (flags.dryRun) {
      const image = flags.image ?? `${flags.to ?? ""}@sha256:to-be-made`;
      const { writeYaml } = await import("../../site/documenting/write-yaml.ts");
      const objects = installObjects({ image, pullSecret, settings: settings ?? "{}" });
      context.terminal.out(
        context.flags.output === "json"
          ? `${JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, null, 2)}\n`
          : objects.map((object) => `---\n${writeYaml(object)}`).join(""),
      );
      return 0;
    }
    const cluster = await ports.clusters.connect(flags.context === "." ? undefined : flags.context);
    if (isUpgrade && !(await isInstalled(cluster.api, context.signal)))
      throw new HowdahError("cluster/not-installed", `There is no Howdah in the cluster of the context ${cluster.context}`);
    const image = flags.image ?? (await makeImage(flags.to ?? "", context, ports, engine));
    const { version } = await installOperator(cluster, { image, pullSecret, settings }, ports, engine);
    const answer = { context: cluster.context, kubernetes: version, image };
    context.terminal.out(
      context.flags.output === "json"
        ? `${JSON.stringify(answer, null, 2)}\n`
        : `Howdah ${context.version} runs in ${cluster.context} (Kubernetes ${version}).\n  next: howdah deploy --context ${flags.context ?? "."} in a site's directory\n`,
    );
    return 0;
  });
}

async function makeImage(repository: string, context: CliContext, ports: Ports, engine: EngineContext): Promise<string> {
  const { operatorImage } = await import("../../workflows/cluster/operator-image.ts");
  return (await operatorImage({ kind: "registry", repository }, context.version, ports, engine)).reference;
}

/** What the flags choose for the cluster, as JSON; null when they choose nothing. */
async function settingsOf(flags: InstallFlags): Promise<string | null> {
  const { clusterSettingsFrom, networkFrom } = await import("../../workflows/manifests/cluster-settings-from.ts");
  const { context: _context, image: _image, to: _to, pullSecret: _pullSecret, dryRun: _dryRun, ...chosen } = flags;
  const said = Object.values(chosen).some(
    (value) => value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0),
  );
  if (!said) return null;
  const clusterDomain = flags.clusterDomain ?? "cluster.local";
  const settings = clusterSettingsFrom({ ...flags, clusterDomain }, "howdah-system");
  const { namespace: _namespace, version: _version, ...kept } = settings;
  return JSON.stringify({ ...kept, clusterDomain, trustedProxies: flags.trust.map((network) => networkFrom("--trust", network)) });
}
