import type { UpPlan } from "../../workflows/up/plan-up.ts";
import type { CliContext } from "../context.ts";
import { styleFor } from "./style.ts";

/** The answer of `up --dry-run`. */
export function printPlan(plan: UpPlan, context: CliContext): number {
  const steps = plan.steps.map(({ do: verb, key, because }) => ({ do: verb, key, because }));
  if (context.terminal.output === "json") {
    context.terminal.out(`${JSON.stringify({ site: plan.namespace, url: plan.url, before: plan.before, steps }, null, 2)}\n`);
    return 0;
  }
  const style = styleFor(context.terminal.color);
  const lines = [
    ...plan.before.map((line) => `  ${style.dim("first ")} ${line}`),
    ...steps.map((step) => `  ${style.cyan(step.do.padEnd(6))} ${step.key} ${style.dim(`because: ${step.because}`)}`),
    ...(steps.length === 0 ? [`  nothing else to change, unless the code did: then the deployment is replaced, new beside old`] : []),
  ];
  context.terminal.out(`Plan for ${plan.namespace} (${plan.url}):\n${lines.join("\n")}\n`);
  return 0;
}
