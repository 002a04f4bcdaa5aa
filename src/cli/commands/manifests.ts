import type { Command } from "commander";
import type { ManifestsFlags } from "../../workflows/manifests/manifests-of.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { withReporter } from "./with-reporter.ts";

const collect = (entry: string, before: readonly string[]): readonly string[] => [...before, entry];

/** `howdah manifests`: a site as plain YAML for a cluster without Howdah's operator. */
export function manifestsCommand(program: Command, choose: Choose): void {
  program
    .command("manifests")
    .argument("[site]", "directory or site file", ".")
    .summary("print a site as plain Kubernetes objects, for clusters without Howdah's operator")
    .description(
      "Prints everything that a site is on Kubernetes (1.29 to 1.36) for `kubectl apply`: YAML documents, or one List with --output json. Images are named by digest. Secrets are never printed: comments (with JSON: standard error) name those that must exist and the commands that make them.",
    )
    .option("--tag <tag>", "take the images of spec.image.repository with that tag, and name them by digest")
    .option("--image-web <image>", "the web server's image; a name without a digest is asked for at its registry")
    .option("--image-php <image>", "PHP's image")
    .option("--image-sessions <image>", "the image of the server of sessions, for a site of several replicas that shares no mount")
    .option("-n, --namespace <name>", "the namespace, which holds this site alone (default: the site's name)")
    .option("--no-with-namespace", "leave the Namespace out: somebody else makes it")
    .option("--database <url>", "where the site's database is: mysql://USER@HOST:PORT/NAME, without a password")
    .option("--url <url>", "the address that people type, when it is not http(s)://HOSTNAME")
    .option("--gateway <namespace/name>", "visitors come by this Gateway: an HTTPRoute")
    .option("--http-listener <name>", "the Gateway's listener for HTTP")
    .option("--https-listener <name>", "the Gateway's listener for HTTPS; with both, HTTP leads to HTTPS when the site has TLS")
    .option("--ingress-class <name>", "visitors come by an Ingress of this class; an empty name is the cluster's default")
    .option("--ingress-annotation <name=value>", "an annotation of the Ingress, such as cert-manager.io/cluster-issuer=NAME", collect, [])
    .option("--service <type>", "visitors come to the Service itself: NodePort or LoadBalancer")
    .option("--from <namespace>", "a namespace whose pods connect to the web server, such as the Ingress controller's", collect, [])
    .option("--monitoring <namespace>", "a namespace whose pods read figures at port 8081 (Prometheus)", collect, [])
    .option(
      "--trust <network>",
      "where the way in connects from, whose X-Forwarded-* are believed (default: private networks)",
      collect,
      [],
    )
    .option("--storage-class <name>", "the class of volumes that all pods share; it must know ReadWriteMany")
    .option("--read-write-once", "for clusters of one node: shared volumes are ReadWriteOnce", false)
    .option("--local-storage-class <name>", "a class for local mounts (default: the node's own disk)")
    .option(
      "--sessions <place>",
      "where session servers keep logins: volume, or memory where volumes lie on one node's disk (default: volume)",
    )
    .option("--priority-class <name>", "the PriorityClass of all pods")
    .option("--memory-request <percent>", "how much of the memory limit is requested (default: 100%)")
    .option("--pull-secret <name>", "the Secret for the registry, named by the namespace's default service account")
    .option("--private-network <network>", "a private network that the site connects to (the internet is always open)", collect, [])
    .option("--name-server <address>", "the cluster's name server; needed for `topology: apart`")
    .option("--cluster-domain <name>", "the cluster's domain", "cluster.local")
    .option("--kubernetes <version>", "the oldest version of the cluster (default: 1.34)")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah build --push --tag v1 && howdah manifests --tag v1 --gateway gateway/public | kubectl apply -f -\n  howdah manifests ./blog --tag v1 --database mysql://blog@mariadb.data.svc:3306/blog --ingress-class traefik --from traefik\n  howdah manifests --image-web registry.example.org/blog/web@sha256:… --image-php registry.example.org/blog/php@sha256:… --service NodePort --output json\n\ndocs/how-to/run-on-kubernetes-without-the-operator.md explains what to make first, how to update and what the operator does beyond it.",
    )
    .action((given: string, flags: ManifestsFlags) => {
      choose((context) => printSite(given, flags, context));
    });
}

async function printSite(given: string, flags: ManifestsFlags, context: CliContext): Promise<number> {
  const { loadSite } = await import("../../workflows/load-site/load-site.ts");
  const { manifestsOf } = await import("../../workflows/manifests/manifests-of.ts");
  const { printManifests, secretLines } = await import("../../workflows/manifests/print-manifests.ts");
  const { site, warnings } = await loadSite(given, context.directory, await context.files());
  return withReporter(context, async (ports, engine) => {
    const { objects, secrets, notices } = await manifestsOf(site, flags, () => Promise.resolve(ports), engine);
    for (const { message } of warnings) engine.emit({ type: "notice", level: "warning", message });
    for (const message of notices) engine.emit({ type: "notice", level: "info", message });
    const format = context.flags.output === "json" ? "json" : "yaml";
    if (format === "json") {
      engine.emit({ type: "notice", level: "info", message: secretLines(secrets, objects).join("\n") });
    }
    context.terminal.out(printManifests(objects, secrets, { format, title: `${site.name} on Kubernetes, from its site file by Howdah.` }));
    return 0;
  });
}
