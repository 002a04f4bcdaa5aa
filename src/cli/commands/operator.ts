import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Choose } from "../program.ts";

interface OperatorFlags {
  readonly context?: string;
  readonly listen?: string;
}

/** `howdah operator`: what `howdah install` puts into a cluster; by hand it runs on a laptop. */
export function operatorCommand(program: Command, choose: Choose): void {
  program
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
}

function listenOn(text: string | undefined): { readonly host: string; readonly port: number } | null {
  if (text === undefined) return null;
  const [, host = "", port = ""] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === "" || Number(port) > 65_535) throw new HowdahError("usage/invalid", `--listen takes ADDRESS:PORT, not ${text}`);
  return { host, port: Number(port) };
}
