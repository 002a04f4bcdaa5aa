import type { ClusterEnvironment } from "../../workflows/cluster/cluster-status.ts";
import type { DeployedToCluster } from "../../workflows/cluster/deploy-to-cluster.ts";
import type { ClusterRollbackPlan, ClusterRolledBack } from "../../workflows/cluster/roll-back-on-cluster.ts";
import type { KnownClusterRelease } from "../../workflows/cluster/write-release.ts";
import type { CliContext } from "../context.ts";
import { seconds } from "./duration.ts";
import { rollbackWarning } from "./print-rollback.ts";
import { styleFor } from "./style.ts";
import { table } from "./table.ts";
import { terminalText } from "./terminal-text.ts";

const NOT_READY = 75;

/** The answer of `deploy --context`. */
export function printDeployed(done: DeployedToCluster, context: CliContext): number {
  if (context.terminal.output === "json") return json(done, context);
  const style = styleFor(context.terminal.color);
  const where = done.url === null ? "serves" : `is at ${style.bold(terminalText(done.url))}`;
  context.terminal.out(`\n${style.green("✓")} ${done.site} ${where}\n`);
  if (done.credentials !== null) {
    const { user, password } = done.credentials;
    const kept = `kept in the Secret of the namespace ${done.namespace}`;
    context.terminal.err(
      `  log in as ${style.bold(terminalText(user))} with ${style.bold(terminalText(password))} (shown once; ${kept})\n`,
    );
  }
  const what = done.released ? `release ${done.release}` : "nothing changed";
  context.terminal.err(
    `  ${style.dim(`${what} in ${done.namespace} on ${terminalText(done.context)}, answering after ${seconds(done.answeringMs)} · howdah status --context ${terminalText(done.context)}`)}\n`,
  );
  return 0;
}

/** The answer of `rollback --context`. */
export function printRolledBack(done: ClusterRolledBack, context: CliContext): number {
  if (context.terminal.output === "json") return json(done, context);
  const style = styleFor(context.terminal.color);
  context.terminal.out(`${style.green("✓")} ${done.site} is back at ${done.to}, as ${done.release}\n`);
  context.terminal.err(`  ${style.dim(`in ${done.namespace}, answering after ${seconds(done.answeringMs)}`)}\n`);
  return 0;
}

/** The answer of `rollback --context --dry-run`. */
export function printClusterRollbackPlan({ place, from, to, migrations }: ClusterRollbackPlan, context: CliContext): number {
  if (context.terminal.output === "json") return json({ namespace: place.namespace, from: from.id, to: to.id, migrations }, context);
  const warning = migrations.length === 0 ? "" : `${rollbackWarning({ from, to, migrations })}\n`;
  context.terminal.out(`${place.namespace} would go back from ${from.id} to ${to.id}\n${warning}`);
  return 0;
}

/** The answer of `releases --context`. */
export function printClusterReleases(namespace: string, known: readonly KnownClusterRelease[], context: CliContext): number {
  const releases = known.map(({ id, spec, status }) => {
    const { who, when, why = null, git = null, images, codeDigest, rollbackOf = null } = spec;
    const { rendered: _rendered, ...outcome } = status;
    return { id, serving: status.state === "serving", when, who, why, git, images, codeDigest, rollbackOf, outcome };
  });
  if (context.terminal.output === "json") return json({ namespace, releases }, context);
  if (releases.length === 0) {
    context.terminal.out(`${namespace} has no release yet: \`howdah deploy --context NAME\` makes one.\n`);
    return 0;
  }
  const rows = releases.map(({ id, serving, when, who, git, outcome, why, rollbackOf }) => [
    serving ? "*" : "",
    id,
    when.slice(0, 19).replace("T", " "),
    who,
    git === null ? "-" : `${git.commit.slice(0, 9)}${git.dirty ? "+" : ""}`,
    outcome.state === "failed" ? `failed at ${outcome.step ?? "?"}: ${outcome.code ?? "?"}` : (outcome.state ?? "wanted by nobody yet"),
    why ?? (rollbackOf === null ? "" : `back to ${rollbackOf}`),
  ]);
  context.terminal.out(table([["", "RELEASE", "WHEN (UTC)", "WHO", "COMMIT", "OUTCOME", "WHY"], ...rows]));
  return 0;
}

/** The answer of `status --context`. Exit code: 0 when everything is ready, 75 when something is not. */
export function printClusterStatus(cluster: string, environments: readonly ClusterEnvironment[], context: CliContext): number {
  const code = environments.every(({ ready }) => ready) ? 0 : NOT_READY;
  if (context.terminal.output === "json") {
    json({ context: cluster, environments }, context);
    return code;
  }
  if (environments.length === 0) {
    context.terminal.out(
      `No site runs on ${terminalText(cluster)} yet: \`howdah deploy --context ${terminalText(cluster)}\` brings one there.\n`,
    );
    return code;
  }
  const rows = environments.map(({ namespace, site, url, release, rollout, replicas, ready, condition }) => [
    ready ? "✓" : "✗",
    namespace,
    site,
    url ?? "-",
    rollout === null ? (release ?? "-") : `${release ?? "-"} → ${rollout.release} (${rollout.step})`,
    replicas === null ? "-" : String(replicas),
    ready && rollout === null ? condition.reason : `${condition.reason}: ${condition.message}`,
  ]);
  context.terminal.out(table([["", "NAMESPACE", "SITE", "URL", "RELEASE", "PODS", "CONDITION"], ...rows]));
  return code;
}

function json(answer: object, context: CliContext): number {
  context.terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
  return 0;
}
