import { phpBuilder } from "../../catalog/builder-requests.ts";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { type TestDatabase, testDatabaseFiles } from "../../providers/database/mariadb/test-database.ts";
import type { Lock } from "../../providers/image-lock.ts";
import { generateValue } from "../../providers/secrets/generate-value.ts";
import type { Trial, TrialDatabase, TrialEnd } from "../../providers/test-bench/test-bench.ts";
import { printOptionFile } from "../../render/database/option-file.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import { testServerOptions } from "../../render/database/test-server-options.ts";
import { PHP_PATHS } from "../../render/php/entrypoint-config.ts";
import { renderTestIni } from "../../render/php/test-ini.ts";
import { FOLLOW_INTO } from "../follow-into.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { systemRootOf } from "../read-tree/read-tree.ts";
import { nodeOf } from "../up/prepare-images.ts";
import { siteUrl } from "../up/site-url.ts";
import { collectReport } from "./collect-report.ts";
import { developmentHooks } from "./development-hooks.ts";
import type { PlannedTest } from "./plan-tests.ts";
import type { TestCommand } from "./test-site.ts";
import { testDatabase, testVariables } from "./test-variables.ts";

/** What became of a site's tests on one version of PHP. */
export interface TestResult {
  readonly php: string;
  /** `not-run`: the dependencies could not be installed on this version, or its database did not start; `why` says it. */
  readonly outcome: "passed" | "failed" | "timed-out" | "not-run";
  /** The command's own; null when it did not end by itself. */
  readonly exitCode: number | null;
  /** From the first step for this version to its end. */
  readonly seconds: number;
  readonly why: string | null;
  /** All that the command printed, both streams as they came. */
  readonly output: readonly string[];
  /** The report's path on this machine; null without one. */
  readonly report: string | null;
}

/** What the tests of all versions share. */
interface Shared {
  readonly command: TestCommand;
  /** Absolute path of the site's tree. */
  readonly source: string;
  readonly lock: Lock;
  readonly php: ReadonlyMap<string, string>;
  readonly database: string | null;
}

/** What a trial tells of its end. */
type Ended = Partial<TestResult> & Pick<TestResult, "outcome">;

type OnePorts = Pick<Ports, "clock" | "images" | "settings" | "testBench">;

const GIB = 2 ** 30;
/** A test runner loads all of an application, and its own libraries beside it: less than that is not worth a failure. */
const LEAST_MEMORY = 2 * GIB;
/** InnoDB's pool has 64 MiB; the rest is for data, which lies in memory. */
const DATABASE_MEMORY = 1 * GIB;
/** Lines of output that are kept: about 100 MB. */
const MOST_LINES = 1_000_000;

/** Failures that one version can have while the others go on. */
const ownFailures: ReadonlySet<string> = new Set(["image/build-hook-failed", "database/failed"]);

/** Tests one version: database and code are prepared side by side, the command runs, and nothing is left. */
export async function testOne(planned: PlannedTest, shared: Shared, ports: OnePorts, context: EngineContext): Promise<TestResult> {
  const id = `test/${planned.php}`;
  const started = ports.clock.now();
  context.emit({ type: "task-started", id, title: `PHP ${planned.php}` });
  const result = ({ outcome, exitCode = null, why = null, report = null, output = [] }: Ended): TestResult => {
    const seconds = (ports.clock.now() - started) / 1000;
    return { php: planned.php, outcome, exitCode, seconds, why, report, output };
  };
  const ended = await tried(planned, shared, ports, { ...context, emit: inside(id, context.emit) }).then(result, (error: unknown) => {
    if (context.signal.aborted || !(error instanceof HowdahError) || !ownFailures.has(error.code)) throw error;
    return result({ outcome: "not-run", why: error.message, output: error.output });
  });
  if (ended.outcome === "passed") context.emit({ type: "task-done", id, outcome: "changed", detail: "passed" });
  else context.emit({ type: "task-failed", id, code: "site/tests-failed", message: ended.why ?? `exit code ${String(ended.exitCode)}` });
  return ended;
}

async function tried(
  { php, site, runtime }: PlannedTest,
  shared: Shared,
  ports: OnePorts,
  { emit, signal }: EngineContext,
): Promise<Ended> {
  const { command, source, lock } = shared;
  const image = shared.php.get(php);
  if (image === undefined) throw new TypeError(`there is no image of PHP ${php}`);
  const database = testDatabase(site);
  const { hooks, made } = developmentHooks(site.hooks.build);
  const { environment, leftOut } = testVariables(site, { url: siteUrl(site, ports.settings), database, given: command.environment });
  if (leftOut.length > 0) {
    const message = `PHP ${php}: ${leftOut.join(", ")} left out, as secrets of the site are not for tests (\`--env NAME=VALUE\` gives one)`;
    emit({ type: "notice", level: "info", message });
  }
  const server = database === null || shared.database === null ? null : trialDatabase(shared.database, database);
  const work = async (trial: Trial): Promise<Ended> => {
    const copy = await ports.images.workingCopy(
      {
        ...{ site: site.name, source, followInto: FOLLOW_INTO, systemRoot: systemRootOf(source), configuration: site.configuration },
        ...{ hooks, ignore: made, builder: phpBuilder({ version: php, extensions: runtime.extensions, packages: runtime.packages }) },
        node: nodeOf(site),
        environment: { HOWDAH_SITE: site.name, HOWDAH_ENVIRONMENT: site.environment, COMPOSER_NO_DEV: "0" },
        directories: site.mounts.map((mount) => mount.path),
      },
      lock,
      emit,
      signal,
    );
    try {
      const output: string[] = [];
      emit({ type: "task-progress", id: "", detail: command.argv.join(" ") });
      const end = await trial.run({
        image,
        argv: command.argv,
        directory: copy.directory,
        environment,
        files: { [PHP_PATHS.ini]: renderTestIni(site, runtime) },
        memoryBytes: Math.max(site.scale.memoryBytes, LEAST_MEMORY),
        timeoutSeconds: command.timeoutSeconds,
        onLine: (line) => {
          if (output.length < MOST_LINES) output.push(line);
          emit({ type: "output", id: "", line });
        },
      });
      const report =
        command.report === undefined
          ? undefined
          : await collectReport(copy.directory, command.report, { directory: command.directory, php });
      return { ...judged(end, command.timeoutSeconds), output, report: report ?? null };
    } finally {
      await copy.remove();
    }
  };
  return ports.testBench.withTrial({ database: server }, work, signal);
}

function judged(end: TrialEnd, timeoutSeconds: number): Pick<TestResult, "outcome" | "exitCode" | "why"> {
  if (end.is === "timed-out") return { outcome: "timed-out", exitCode: null, why: `it did not end within ${String(timeoutSeconds)} s` };
  return { outcome: end.exitCode === 0 ? "passed" : "failed", exitCode: end.exitCode, why: null };
}

function trialDatabase(image: string, database: TestDatabase): TrialDatabase {
  const admin = new Secret(generateValue({ bytes: 43, encoding: "alphanumeric" }), "a test");
  const files = testDatabaseFiles(database, admin);
  return {
    image,
    argv: [DATABASE_PATHS.entrypoint],
    files: {
      [DATABASE_PATHS.configFile]: printOptionFile(testServerOptions(DATABASE_MEMORY)),
      [DATABASE_PATHS.initFile]: files["init.sql"]?.reveal() ?? "",
      [DATABASE_PATHS.clientFile]: files["client.cnf"]?.reveal() ?? "",
    },
    memory: [DATABASE_PATHS.volume, DATABASE_PATHS.run, DATABASE_PATHS.temporary],
    ready: ["mariadb", `--defaults-file=${DATABASE_PATHS.clientFile}`, "--connect-timeout=4", "--batch", "--execute=SELECT 1"],
    memoryBytes: DATABASE_MEMORY,
  };
}

/** Everything that happens for one version is shown as that version's: tasks inside are its progress. */
function inside(id: string, emit: Emit): Emit {
  return (event) => {
    if (event.type === "task-started") emit({ type: "task-progress", id, detail: event.title });
    else if (event.type === "task-progress" || event.type === "output") emit({ ...event, id });
    else if (event.type === "notice") emit(event);
  };
}
