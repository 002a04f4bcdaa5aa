import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { clusterOf, type ThereFlags, thereOption } from "./tenant-there.ts";

/** `howdah usage`: what tenants use. */
export function usageCommand(program: Command, choose: Choose): void {
  thereOption(program.command("usage"))
    .argument("[tenant]", "one tenant (default: all)")
    .summary("what tenants use: storage, connections, queries, CPU, memory")
    .description(
      "What each tenant uses now. Counters of a database (connections, queries, CPU) begin when its server starts, or when they are asked for the first time; those of pods when a pod starts. On a cluster CPU time is that of PHP, and memory of other containers is known where there is a metrics server.",
    )
    .option("--prometheus", "metrics in Prometheus' text format, by tenant and site", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah usage\n  howdah usage acme --output json\n  howdah usage --prometheus > /var/lib/node_exporter/howdah.prom\n  howdah usage --context prod",
    )
    .action((name: string | undefined, flags: ThereFlags & { readonly prometheus: boolean }) => {
      const { context: there } = flags;
      if (there !== undefined)
        return choose(async (context) => {
          const { clusterUsage } = await import("../../workflows/cluster/cluster-usage.ts");
          const { printUsage } = await import("../report/print-usage.ts");
          const [cluster, { clusters }] = [await clusterOf(there, context), await context.ports()];
          const usage = await clusterUsage(name, cluster, (namespace) => clusters.ports(cluster, namespace), context.signal);
          return printUsage(usage, flags.prometheus, context);
        });
      choose(async (context) => {
        const { allTenants, tenantUsage } = await import("../../workflows/tenant/tenant-usage.ts");
        const { requireTenant } = await import("../../workflows/tenant/tenant.ts");
        const { requireRoot } = await import("../../workflows/up/check-machine.ts");
        const { printUsage } = await import("../report/print-usage.ts");
        const ports = await context.ports();
        await requireRoot(ports);
        const tenants = name === undefined ? await allTenants(ports) : [await requireTenant(name, ports)];
        return printUsage(await tenantUsage(tenants, ports), flags.prometheus, context);
      });
    });
}
