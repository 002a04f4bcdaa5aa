import { resolve } from "node:path";
import type { Command } from "commander";
import { defaultMariadb, galeraVersions } from "../../catalog/mariadb-versions.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { OwnProgram } from "../../workflows/cluster/operator-image.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { withReporter } from "./with-reporter.ts";

interface OperatorFlags {
  readonly context?: string;
  readonly listen?: string;
}

interface ImageFlags {
  readonly to?: string;
  readonly archive?: string;
  readonly lock?: string;
  readonly name: string;
}

interface DatabaseImageFlags {
  readonly to: string;
  readonly mariadb: string;
}

/** `howdah operator`: what `howdah install` puts into a cluster; by hand it runs on a laptop. */
export function operatorCommand(program: Command, choose: Choose): void {
  const operator = program
    .command("operator")
    .summary("run the operator of a cluster (what `howdah install` starts there)")
    .description(
      "Brings sites, environments and tenants of a cluster to what they ask for, until it is stopped. It logs JSON lines. Of several operators one works, by a Lease in howdah-system; sites go on serving without any.",
    )
    .option("--context <name>", "a context of the kubeconfig (default: the current one; in a pod the cluster itself)")
    .option("--listen <address>", "answer /healthz, /readyz and /metrics there, such as 0.0.0.0:8080 (default: nowhere)")
    .addHelpText("after", "\nExamples:\n  howdah operator --context lab\n  howdah operator --context lab --listen 127.0.0.1:8080")
    .action((flags: OperatorFlags) => {
      const listen = listenOn(flags.listen);
      choose(async (context) => {
        const ports = await context.ports();
        await ports.operator.run({ context: flags.context, listen }, context.signal, (line) => {
          context.terminal.out(`${line}\n`);
        });
        return 0;
      });
    });
  ownImage(operator, choose);
  storageImage(operator, choose);
  databaseImage(operator, choose);
}

function ownImage(operator: Command, choose: Choose): void {
  operator
    .command("image")
    .summary("make the operator's image from this very program")
    .description(
      "Makes the image that `howdah install --image` names: Debian's libraries, the Node that runs this command, and Howdah. No shell, no root. The answer is its reference, pinned by digest.",
    )
    .option("--to <repository>", "push it there, such as registry.example.org/howdah/operator")
    .option("--archive <file>", "write it as an OCI archive, for nodes without a registry (`ctr -n k8s.io images import FILE`)")
    .option("--lock <file>", LOCK_WORDS)
    .option("--name <name>", "its name in the archive", "howdah.dev/operator:latest")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah operator image --to registry.example.org/howdah/operator\n  howdah operator image --archive operator.tar --name example.org/howdah/operator:1",
    )
    .action((flags: ImageFlags) => {
      choose((context) => makeImage(flags, "operator", context));
    });
}

function storageImage(operator: Command, choose: Choose): void {
  operator
    .command("storage-image")
    .summary("make the image of the storage driver that deploy/storage.yaml names")
    .description(
      "Makes the image of Howdah's CSI driver (csi.howdah.dev), which keeps volumes, snapshots and copies on the nodes of a cluster: Debian's file system tools, the Node that runs this command, and the driver. No shell. The answer is its reference, pinned by digest.",
    )
    .option("--to <repository>", "push it there, such as registry.example.org/howdah/storage")
    .option("--archive <file>", "write it as an OCI archive, for nodes without a registry (`ctr -n k8s.io images import FILE`)")
    .option("--lock <file>", LOCK_WORDS)
    .option("--name <name>", "its name in the archive", "howdah.dev/storage:latest")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah operator storage-image --to registry.example.org/howdah/storage\n  howdah operator storage-image --archive storage.tar --name example.org/howdah/storage:1",
    )
    .action((flags: ImageFlags) => {
      choose((context) => makeImage(flags, "storage", context));
    });
}

function databaseImage(operator: Command, choose: Choose): void {
  operator
    .command("database-image")
    .argument("<part>", "`galera`: a node; `haproxy`: what leads sites to the node that writes")
    .summary("make an image that a DatabaseServer of kind galera names")
    .description(
      "Makes an image for `spec.galera.image` or `spec.galera.router.image` of a DatabaseServer from Debian's packages, and pushes it. The answer is its reference, pinned by digest. Packages are the newest, chosen once a week on this machine.",
    )
    .requiredOption("--to <repository>", "push it there, such as registry.example.org/howdah/galera")
    .option("--mariadb <version>", `MariaDB's version, of galera: ${galeraVersions.join(" or ")}`, defaultMariadb)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah operator database-image galera --to registry.example.org/howdah/galera\n  howdah operator database-image haproxy --to registry.example.org/howdah/haproxy\n  howdah operator database-image galera --mariadb 10.11 --to registry.example.org/howdah/galera",
    )
    .action((part: string, { to, mariadb }: DatabaseImageFlags) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { databaseImage: make } = await import("../../workflows/cluster/database-image.ts");
          const made = await make({ part, version: mariadb, repository: to }, ports, engine);
          context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(made, null, 2)}\n` : `${made.reference}\n`);
          return 0;
        }),
      );
    });
}

function makeImage({ to, archive, name, lock }: ImageFlags, part: OwnProgram, context: CliContext): Promise<number> {
  if ((to === undefined) === (archive === undefined))
    throw new HowdahError("usage/invalid", "One of --to and --archive says where the image goes");
  return withReporter(context, async (ports, engine) => {
    const { operatorImage } = await import("../../workflows/cluster/operator-image.ts");
    const target =
      to === undefined ? ({ kind: "archive", file: archive ?? "", name } as const) : ({ kind: "registry", repository: to } as const);
    const made = await operatorImage(target, { program: part, version: context.version, lockFile: lockFileOf(lock) }, ports, engine);
    context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(made, null, 2)}\n` : `${made.reference}\n`);
    return 0;
  });
}

/** What `--lock` is about. */
export const LOCK_WORDS =
  "a lock file that pins the image's Debian packages; written when it does not name them (default: the newest, chosen once a week on this machine)";

/** `--lock`, from wherever the command was typed. */
export function lockFileOf(lock: string | undefined): string | null {
  return lock === undefined ? null : resolve(lock);
}

function listenOn(text: string | undefined): { readonly host: string; readonly port: number } | null {
  if (text === undefined) return null;
  const [, host = "", port = ""] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === "" || Number(port) > 65_535) throw new HowdahError("usage/invalid", `--listen takes ADDRESS:PORT, not ${text}`);
  return { host, port: Number(port) };
}
