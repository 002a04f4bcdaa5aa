import { applyPlan } from "../../apply/apply-plan.ts";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { DATABASE_SECRET, GENERATED_SECRET } from "../../kernel/own-names.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { Step } from "../../plan/step.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import { renderSite } from "../../render/site/render-site.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { checkConfiguration } from "./check-configuration.ts";
import { checkFormer } from "./check-former.ts";
import { checkHealth } from "./check-health.ts";
import { checkMachineFor } from "./check-machine.ts";
import { type PreparedDatabase, prepareDatabase } from "./prepare-database.ts";
import { type PreparedImages, prepareImages } from "./prepare-images.ts";
import { prepareSecrets, requireSecrets } from "./prepare-secrets.ts";
import { pruneImages } from "./prune-images.ts";
import { runPostDeploy } from "./run-post-deploy.ts";
import { siteUrl } from "./site-url.ts";
import { pendingMigration, runMigration } from "../rollout/migration.ts";
import { migrationStep } from "../rollout/migration-step.ts";

/** What `up` is asked for. */
export interface UpRequest {
  readonly site: Site;
  /** Absolute path of the site file. */
  readonly file: string;
  /** Absolute path of the code. */
  readonly source: string;
  readonly lockFile: string;
  /** The site file was moved: what belongs to its name is taken over. */
  readonly adopt: boolean;
}

/** What came of it. */
export interface UpResult {
  readonly record: SiteRecord;
  readonly steps: readonly Step[];
  readonly health: { readonly status: number; readonly milliseconds: number };
  /** Milliseconds by stage, in order. */
  readonly timings: readonly { readonly stage: string; readonly milliseconds: number }[];
  /** True the first time that the site is healthy. */
  readonly showCredentials: boolean;
}

/** Runs a stage as a task: its time is reported, its failure is named where it happened. */
type Stage = <T>(id: string, title: string, work: () => Promise<T>, detail?: (result: T) => string) => Promise<T>;

function stages(emit: Emit, ports: Ports, signal: AbortSignal, timings: { stage: string; milliseconds: number }[]): Stage {
  return async (id, title, work, detail) => {
    signal.throwIfAborted();
    const started = ports.clock.now();
    emit({ type: "task-started", id, title });
    try {
      const result = await work();
      const text = detail?.(result);
      timings.push({ stage: id, milliseconds: ports.clock.now() - started });
      emit({ type: "task-done", id, outcome: "changed", ...(text === undefined ? {} : { detail: text }) });
      return result;
    } catch (error) {
      emit({
        type: "task-failed",
        id,
        code: error instanceof HowdahError ? error.code : signal.aborted ? "cancelled" : "bug",
        message: error instanceof Error ? error.message : String(error),
      });
      throw error;
    }
  };
}

/** Facts from builders, providers and the engine, put together for rendering. */
function renderInput(
  request: UpRequest,
  images: PreparedImages,
  facts: {
    readonly resolver: string;
    readonly trustedProxies: readonly string[];
    readonly database: PreparedDatabase | null;
    readonly secretsDigest: string;
    readonly url: string;
  },
): RenderInput {
  const { database } = facts;
  return {
    images: { web: images.site.web.reference, php: images.site.php?.reference ?? null },
    url: facts.url,
    resolver: facts.resolver,
    trustedProxies: facts.trustedProxies,
    database:
      database === null
        ? null
        : { host: database.host, port: database.port, name: database.name, user: database.user, secretName: DATABASE_SECRET },
    generatedSecret: GENERATED_SECRET,
    secretsDigest: facts.secretsDigest,
    releaseId: images.site.codeDigest.replace("sha256:", "").slice(0, 12),
    migration: migrationStep(request.site, images.site),
  };
}

function imagesOf(input: RenderInput): string[] {
  return [input.images.web, ...(input.images.php === null ? [] : [input.images.php])];
}

/**
 * The main job: from a resolved site to a healthy one behind a URL. Every stage may be repeated: what is there already is kept,
 * so a run that was killed anywhere is finished by the next. Nothing that serves is touched before the new images are built and
 * the servers themselves have accepted the new configuration; the former pods stop only when the new ones are ready.
 */
export async function bringUp(request: UpRequest, ports: Ports, context: EngineContext): Promise<UpResult> {
  const { site } = request;
  const namespace = site.name;
  const { emit, signal } = context;
  const timings: { stage: string; milliseconds: number }[] = [];
  const stage = stages(emit, ports, signal, timings);
  return ports.locks.hold(namespace, "up", async () => {
    const former = await stage("machine", "Checking the machine", async () => {
      await checkMachineFor(site, ports);
      await requireSecrets(site, namespace, ports);
      return checkFormer(site, request.file, { adopt: request.adopt }, ports);
    });
    const images = await stage(
      "images",
      "Images",
      () => prepareImages(site, request.source, request.lockFile, ports, context),
      (made) => `code ${made.site.codeDigest.replace("sha256:", "").slice(0, 12)} · ${String(made.site.files)} files`,
    );
    const network = await stage("network", "Network", () => ports.engine.prepare(namespace, context));
    const database =
      site.database === null
        ? null
        : await stage(
            "database",
            `Database (MariaDB ${site.database.version})`,
            () => prepareDatabase(site, images, ports, context),
            (made) => made.name,
          );
    const secretsDigest = await prepareSecrets(site, namespace, database?.secret ?? null, ports);
    const input = renderInput(request, images, { ...network, database, secretsDigest, url: siteUrl(site, ports.settings) });
    const desired = renderSite(site, input);
    await stage("configuration", "nginx and PHP-FPM judge their configuration", () => checkConfiguration(site, input, ports, signal));
    await stage("edge", "Edge", () =>
      ports.edge.ensure(
        { image: images.edge, httpPort: ports.settings.httpPort, httpsPort: ports.settings.httpsPort, bind: ports.settings.bind },
        context,
      ),
    );
    const steps = planObjects(desired, await ports.engine.inventory(namespace));
    const record: SiteRecord = {
      site,
      namespace,
      file: request.file,
      url: input.url,
      images: input.images,
      releaseId: input.releaseId,
      migration: input.migration,
      secretsDigest,
      database:
        database === null
          ? null
          : {
              server: database.server,
              host: database.host,
              port: database.port,
              name: database.name,
              user: database.user,
              uid: database.uid,
            },
      updatedAt: new Date(ports.clock.now()).toISOString(),
      serving: former?.serving ?? null,
      postDeployed: former?.postDeployed ?? null,
      credentialsShown: former?.credentialsShown ?? false,
    };
    await ports.records.put(namespace, record);
    await ports.retained.remove(namespace);
    const pending = await pendingMigration(record, ports);
    if (pending !== null) {
      await stage(
        "migrate",
        "Migrating the database",
        () => runMigration(pending, { record, desired, steps }, ports, context),
        ({ dump }) => (dump === null ? pending.step : `${pending.step}; the database before it: ${dump}`),
      );
    }
    await stage(
      "apply",
      "Starting",
      () => applyPlan(namespace, steps, ports.engine, context),
      () => (steps.length === 0 ? "nothing to change" : `${String(steps.length)} steps`),
    );
    await ports.engine.scaleUp(namespace, context);
    await ports.agent.ensureRunning();
    const health = await stage(
      "health",
      `Asking ${site.web.healthPath}`,
      () => checkHealth(site, ports, context),
      (answer) => String(answer.status),
    );
    const healthy: SiteRecord = {
      ...record,
      serving: { releaseId: input.releaseId, images: imagesOf(input), since: record.updatedAt },
      credentialsShown: true,
    };
    await ports.records.put(namespace, healthy);
    // A hook that failed or was cut off is due again, even when nothing else changed.
    if (site.hooks.postDeploy.length > 0 && (steps.length > 0 || record.postDeployed !== input.releaseId)) {
      await stage("post-deploy", "Post-deploy hook", () => runPostDeploy(site, namespace, ports, context));
      await ports.records.put(namespace, { ...healthy, postDeployed: input.releaseId });
    }
    await pruneImages(site.name, [...imagesOf(input), ...(former?.serving?.images ?? [])], ports, signal);
    return { record: healthy, steps, health, timings, showCredentials: !record.credentialsShown };
  });
}
