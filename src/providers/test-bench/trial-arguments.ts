import { HowdahError } from "../../kernel/howdah-error.ts";
import { CODE_ROOT, LABEL_PREFIX, RUN_AS } from "../../kernel/label.ts";
import type { TrialDatabase, TrialProgram } from "./test-bench.ts";

/** How everything of one trial is called and marked. */
export interface TrialNames {
  readonly network: string;
  readonly database: string;
  readonly program: string;
  /** `--label=…` for each of them. */
  readonly labels: readonly string[];
}

/** Labels of trials: by them the next one finds what a killed process left. */
export const TRIAL_LABELS = { instance: `${LABEL_PREFIX}/test`, owner: `${LABEL_PREFIX}/test-owner` } as const;

/** A `_` is in no site's name, so no network or container of a site is called like one of a trial. */
export function trialNames(instance: string, id: string, owner: string): TrialNames {
  const base = `${instance}._test.${id}`;
  return {
    network: base,
    database: `${base}.database`,
    program: `${base}.program`,
    labels: [`--label=${TRIAL_LABELS.instance}=${instance}`, `--label=${TRIAL_LABELS.owner}=${owner}`],
  };
}

/** Which limits the machine's kernel keeps. */
export interface TrialLimits {
  readonly memory: boolean;
  readonly pids: boolean;
}

/** Test runners start processes for each core, and servers; far below the 4096 that the host gives a user. */
const PIDS = 1024;
/** What a trial that lost its process gets before it ends by itself. */
const BACKSTOP_SECONDS = 60;

/** After `podman`: the database's server, in the background. `mounts` are files already written, as `--volume=…`. */
export function databaseArguments(
  names: TrialNames,
  database: TrialDatabase,
  given: { readonly mounts: readonly string[]; readonly limits: TrialLimits; readonly seconds: number },
): string[] {
  const [program = "", ...args] = database.argv;
  return [
    "run",
    "--detach",
    `--name=${names.database}`,
    ...names.labels,
    `--network=${names.network}`,
    ...sealed(database.memoryBytes, given.limits),
    `--timeout=${String(given.seconds + BACKSTOP_SECONDS)}`,
    ...database.memory.map((path) => `--tmpfs=${path}:rw,nosuid,nodev,mode=1777`),
    ...given.mounts,
    `--entrypoint=${JSON.stringify([program])}`,
    database.image,
    ...args,
  ];
}

/** After `podman`: the program, in the foreground. With a database it shares that one's network: the server is at 127.0.0.1. */
export function programArguments(
  names: TrialNames,
  program: TrialProgram,
  given: {
    readonly mounts: readonly string[];
    readonly limits: TrialLimits;
    readonly besideDatabase: boolean;
    readonly environmentFile: string;
  },
): string[] {
  const [first = "", ...args] = program.argv;
  return [
    "run",
    "--rm",
    // reaps what a test runner leaves, and passes signals on
    "--init",
    `--name=${names.program}`,
    ...names.labels,
    given.besideDatabase ? `--network=container:${names.database}` : `--network=${names.network}`,
    ...sealed(program.memoryBytes, given.limits),
    `--timeout=${String(program.timeoutSeconds + BACKSTOP_SECONDS)}`,
    "--log-driver=none",
    "--tmpfs=/run:rw,nosuid,nodev,mode=1777",
    "--tmpfs=/tmp:rw,nosuid,nodev,exec,mode=1777",
    `--workdir=${CODE_ROOT}`,
    `--volume=${program.directory}:${CODE_ROOT}:rw,nosuid,nodev`,
    ...given.mounts,
    `--env-file=${given.environmentFile}`,
    ...Object.keys(environmentBeside(program.environment)).map((name) => `--env=${name}`),
    `--entrypoint=${JSON.stringify([first])}`,
    program.image,
    ...args,
  ];
}

/** The lines of podman's file of variables, which keeps values out of argument lists. */
export function environmentLines(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .filter(([, value]) => fitsInFile(value))
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** Bytes of `NAME=value` and the zero at its end that Linux hands to a program: MAX_ARG_STRLEN, 32 pages. */
const LONGEST_VARIABLE = 131_072;

/** What podman, its helpers, Go's runtime or the C library under them would take for their own. */
const STEERS_PODMAN = new RegExp(
  `^(${[
    "PATH|HOME|TMPDIR|TZ|LANG|LANGUAGE|LC_.*|XDG_.*|DBUS_.*|LISTEN_.*|NOTIFY_SOCKET|.*_PROXY|SSL_CERT_(FILE|DIR)",
    "LD_.*|MALLOC_.*|GLIBC_TUNABLES|GCONV_PATH|LOCPATH|NLSPATH|RES_OPTIONS|LOCALDOMAIN|HOSTALIASES",
    "GO(DEBUG|GC|MAXPROCS|MEMLIMIT|TRACEBACK|COVERDIR)",
    "_?CONTAINERS?_.*|_?PODMAN_.*|BUILDAH_.*|NETAVARK_.*|STORAGE_(DRIVER|OPTS)|REGISTRY_AUTH_FILE|DOCKER_(CONFIG|HOST|CERT_PATH)",
  ].join("|")})$`,
  "i",
);

/**
 * The variables that podman's file can't hold: podman takes them from its own environment, which root alone may read, other than an argument list.
 * Errors: `usage/invalid` for a name that would steer podman instead, and for a value that is longer than Linux hands to a program.
 */
export function environmentBeside(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const beside = Object.entries(environment).filter(([, value]) => !fitsInFile(value));
  for (const [name, value] of beside) {
    if (STEERS_PODMAN.test(name))
      throw new HowdahError("usage/invalid", `The variable ${name} can't have several lines or more than 16,000 characters in tests`);
    if (Buffer.byteLength(`${name}=${value}`) >= LONGEST_VARIABLE)
      throw new HowdahError("usage/invalid", `The variable ${name} is longer than a program can be given: 128 kB`, {
        hint: "Put it into a file that the program reads.",
      });
  }
  return Object.fromEntries(beside);
}

/** podman's file has a line of at most 64 kB for each variable. */
function fitsInFile(value: string): boolean {
  return !/[\r\n]/.test(value) && value.length < 16_000;
}

/** As the site's own containers are. */
function sealed(memoryBytes: number, limits: TrialLimits): string[] {
  return [
    "--pull=never",
    "--no-healthcheck",
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    `--user=${String(RUN_AS)}:${String(RUN_AS)}`,
    ...(limits.memory ? [`--memory=${String(memoryBytes)}b`, `--memory-swap=${String(memoryBytes)}b`] : []),
    ...(limits.pids ? [`--pids-limit=${String(PIDS)}`] : []),
  ];
}
