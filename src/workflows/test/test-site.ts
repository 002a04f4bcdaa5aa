import { dirname, join, resolve } from "node:path";
import { builderRequests, phpBuilder } from "../../catalog/builder-requests.ts";
import type { BaseRequest } from "../../catalog/image-recipes.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BuiltImage } from "../../providers/image-builder.ts";
import type { Lock } from "../../providers/image-lock.ts";
import { loadFindings } from "../load-site/load-site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { requireRoot } from "../up/check-machine.ts";
import { LOCK_FILE } from "../up/locate-site.ts";
import { databaseRequest, nodeOf } from "../up/prepare-images.ts";
import { developmentHooks } from "./development-hooks.ts";
import { type PlannedTest, planTests, versionsOf } from "./plan-tests.ts";
import { runInPool } from "./run-in-pool.ts";
import { testLock } from "./test-lock.ts";
import { type TestResult, testOne } from "./test-one.ts";

/** `howdah test` as typed. */
export interface TestCommand {
  /** Directory or site file. */
  readonly given: string | undefined;
  readonly directory: string;
  /** `7.4,8.2`; left out: the site's own version. */
  readonly php: string | undefined;
  /** Versions at once. */
  readonly jobs: number;
  /** Of the command alone: dependencies are fetched before. */
  readonly timeoutSeconds: number;
  readonly argv: readonly string[];
  /** Variables beside the site's own; they win. */
  readonly environment: Readonly<Record<string, string>>;
  /** A report that the command writes, relative to the tree. */
  readonly report: string | undefined;
}

/** What became of a site's tests. */
export interface TestOutcome {
  readonly site: string;
  readonly command: readonly string[];
  readonly passed: boolean;
  /** One for each version, oldest first. */
  readonly results: readonly TestResult[];
}

type TestPorts = Pick<Ports, "clock" | "files" | "images" | "machine" | "settings" | "testBench" | "testLocks">;

/**
 * Runs a site's own tests on several versions of PHP at once, each with a copy of the code, the dependencies of development and a database that are
 * thrown away. A version whose dependencies can't be installed counts as one that failed.
 * Errors: `usage/invalid`, `site/*` for a site that can't be tested so, `image/*` and `machine/*` for a machine that can't.
 */
export async function testSite(command: TestCommand, ports: TestPorts, context: EngineContext): Promise<TestOutcome> {
  const findings = await loadFindings(command.given, command.directory, ports.files);
  const planned = planTests(findings, command.php === undefined ? undefined : versionsOf(command.php));
  await requireRoot(ports);
  const swept = await ports.testBench.sweep();
  if (swept > 0) context.emit({ type: "notice", level: "info", message: `took away what ${String(swept)} killed test runs had left` });
  const [first] = planned;
  if (first === undefined) throw new TypeError("there is a version");
  const { asTheyAre } = developmentHooks(first.site.hooks.build);
  for (const hook of asTheyAre) {
    const message = `the build hook \`${hook}\` runs as it is, without development's dependencies: write its command as a hook of its own`;
    context.emit({ type: "notice", level: "warning", message });
  }
  const lockFile = join(dirname(findings.file), LOCK_FILE);
  const source = resolve(dirname(findings.file), first.site.source);
  const bases = await prepareBases(planned, lockFile, ports, context);
  // a machine that fails for one version fails for all: they end at once
  const stop = new AbortController();
  const together = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) };
  const results = await runInPool(planned, command.jobs, async (one) => {
    try {
      return await testOne(one, { command, source, ...bases }, ports, together);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  });
  const passed = results.every(({ outcome }) => outcome === "passed");
  return { site: first.site.name, command: command.argv, passed, results };
}

/** The images that tests run on, built side by side when they are missing. */
interface TestBases {
  readonly lock: Lock;
  /** By PHP's version. */
  readonly php: ReadonlyMap<string, string>;
  readonly database: string | null;
}

async function prepareBases(
  planned: readonly PlannedTest[],
  lockFile: string,
  ports: TestPorts,
  context: EngineContext,
): Promise<TestBases> {
  const requests = planned.flatMap(({ site, runtime }) => [
    phpBuilder({ version: runtime.php, extensions: runtime.extensions, packages: runtime.packages }),
    ...builderRequests(
      developmentHooks(site.hooks.build).hooks,
      { version: runtime.php, extensions: runtime.extensions, packages: runtime.packages },
      nodeOf(site),
    ),
    ...(site.database === null ? [] : [databaseRequest(site.database.version)]),
  ]);
  try {
    return await buildBases(planned, await testLock(requests, { lockFile, renew: false }, ports, context), ports, context);
  } catch (error) {
    // what was chosen a few days ago may be gone from the mirrors by now
    if (!(error instanceof HowdahError) || error.code !== "image/package-dropped") throw error;
    return buildBases(planned, await testLock(requests, { lockFile, renew: true }, ports, context), ports, context);
  }
}

async function buildBases(
  planned: readonly PlannedTest[],
  lock: Lock,
  ports: TestPorts,
  { emit, signal }: EngineContext,
): Promise<TestBases> {
  const base = (request: BaseRequest): Promise<BuiltImage> => ports.images.ensureBase(request, lock, emit, signal);
  const database = planned[0]?.site.database ?? null;
  const [server, ...builders] = await Promise.all([
    database === null ? null : base(databaseRequest(database.version)),
    ...planned.map(async ({ php, runtime: { extensions, packages } }) => {
      const { reference } = await base(phpBuilder({ version: php, extensions, packages }));
      return [php, reference] as const;
    }),
  ]);
  return { lock, php: new Map(builders), database: server?.reference ?? null };
}
