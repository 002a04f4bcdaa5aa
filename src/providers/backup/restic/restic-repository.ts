import { PassThrough } from "node:stream";
import type { Clock } from "../../../kernel/clock.ts";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { type Ran, type RunOptions, run, stream } from "../../process.ts";
import type { BackupRepository, Produce, SavedPart, StoreAccess } from "../backup-repository.ts";
import { nameTrouble, saysMissing } from "./name-trouble.ts";
import { resticEnvironment, resticOptions, resticRepository } from "./restic-words.ts";

/** What running restic needs of this process. */
export interface ResticParts {
  readonly clock: Clock;
  /** Where programs are. */
  readonly path: string;
  readonly home: string;
  /** A directory for its copies of indexes, which can go at any time. */
  readonly cache: string;
}

/** A snapshot as restic lists it. */
interface Listed {
  readonly id: string;
  readonly time: string;
  readonly tags?: readonly string[];
  readonly paths: readonly string[];
}

/** restic tries again for a quarter of an hour; a person, and a schedule, want to know sooner. */
const PATIENCE_MS = 30_000;
/** Another restic frees space, or one was killed: its lock is looked at again so often. */
const LOCKED_MS = 2000;
const LOCKED_TRIES = 60;
/** Binlogs make a part every 45 seconds: those of some days are more than a program takes as arguments. */
const AT_ONCE = 500;
/** All of ours: what a machine is called changes, its backups stay. */
const HOST = "howdah";

/** A store that restic keeps: encrypted, deduplicated, in a directory, over SFTP or on S3. */
export function resticRepositoryOf(access: StoreAccess, parts: ResticParts): BackupRepository {
  const env = resticEnvironment(access, parts);
  const common = ["restic", "--repo", resticRepository(access.location), ...resticOptions(access.location)];

  /** One run of restic, given up when the place does not answer, tried again while another has its lock. */
  async function restic(asked: string, args: readonly string[], options: Pick<RunOptions, "input" | "signal">): Promise<Ran> {
    for (let tries = 1; ; tries += 1) {
      const lines: string[] = [];
      const patient = patience(parts.clock, lines, options.signal);
      try {
        return await run([...common, ...args], { ...options, env, signal: patient.signal, onLine: patient.onLine });
      } catch (error) {
        if (!(error instanceof HowdahError) || options.signal?.aborted === true) throw error;
        if (!lines.some((line) => /already locked/i.test(line)) || options.input !== undefined || tries >= LOCKED_TRIES)
          throw nameTrouble(asked, lines, error);
      }
      await run([...common, "unlock"], { env, accept: "any", signal: options.signal }); // of the dead only
      await parts.clock.sleep(LOCKED_MS, options.signal);
    }
  }

  /** A program that is fed can't be tried again. Before, one is run that needs the same lock: of a clean-up that was killed it goes, one that runs is waited for. */
  async function whenFree(asked: string, signal: AbortSignal): Promise<void> {
    await restic(asked, ["list", "keys"], { signal });
  }

  async function list(tags: readonly string[], signal: AbortSignal): Promise<readonly SavedPart[]> {
    const filter = tags.length === 0 ? [] : ["--tag", tags.join(",")];
    const { stdout } = await restic("The backups could not be listed", ["snapshots", "--json", "--no-lock", ...filter], { signal });
    const found = JSON.parse(stdout === "" ? "[]" : stdout) as Listed[] | null;
    return (found ?? [])
      .map(({ id, time, tags: its = [], paths }) => ({ id, time, tags: its, paths }))
      .sort((a, b) => (a.time < b.time ? -1 : 1));
  }

  /** restic's last line is about what it saved. */
  async function saved({ stdout }: Ran, { tags, path }: { readonly tags: readonly string[]; readonly path: string }): Promise<SavedPart> {
    const summary = stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as { snapshot_id?: string }] : []));
    const id = summary.findLast((one) => one.snapshot_id !== undefined)?.snapshot_id;
    if (id === undefined) throw new HowdahError("backup/failed", "The store did not say what it saved", { output: stdout.split("\n") });
    return { id, time: new Date(parts.clock.now()).toISOString(), tags, paths: [path] };
  }

  return {
    async ensure(signal) {
      try {
        await list(["none"], signal);
        return false;
      } catch (error) {
        if (!(error instanceof HowdahError && saysMissing(error.output))) throw error;
      }
      await restic("The store could not be made", ["init"], { signal });
      return true;
    },
    async save({ name, tags }, produce, signal) {
      const args = ["backup", "--json", "--host", HOST, "--stdin", "--stdin-filename", name, ...tagged(tags)];
      const asked = `${name} could not be saved`;
      await whenFree(asked, signal);
      const ran = await fed((input, stop) => restic(asked, args, { input, signal: AbortSignal.any([signal, stop]) }), produce);
      return await saved(ran, { tags, path: `/${name}` });
    },
    async saveDirectory(directory, tags, signal) {
      const args = ["backup", "--json", "--host", HOST, ...tagged(tags), "--", directory];
      return await saved(await restic(`${directory} could not be saved`, args, { signal }), { tags, path: directory });
    },
    read(id, name, signal) {
      const lines: string[] = [];
      const patient = patience(parts.clock, lines, signal);
      const reading = stream([...common, "dump", "--no-lock", id, `/${name}`], { env, signal: patient.signal, onLine: patient.onLine });
      const done = reading.done.then(
        () => undefined,
        (error: unknown) => {
          throw error instanceof HowdahError && !signal.aborted ? nameTrouble(`${name} could not be read back`, lines, error) : error;
        },
      );
      done.catch(() => {}); // awaited after the stream
      return { stream: reading.stdout, done };
    },
    async readDirectory(id, directory, target, signal) {
      await restic(`${directory} could not be read back`, ["restore", "--no-lock", id, "--target", target], { signal });
    },
    list,
    async forget(ids, { prune }, signal) {
      const asked = "What is no longer kept could not be deleted";
      for (let from = 0; from < ids.length; from += AT_ONCE) {
        const isLast = from + AT_ONCE >= ids.length;
        await restic(asked, ["forget", ...(prune && isLast ? ["--prune"] : []), ...ids.slice(from, from + AT_ONCE)], { signal });
      }
      if (ids.length === 0 && prune) await restic(asked, ["prune"], { signal });
    },
    async check({ everything }, signal) {
      await restic("The store is not whole", ["check", ...(everything ? ["--read-data"] : [])], { signal });
    },
  };
}

function tagged(tags: readonly string[]): string[] {
  return tags.flatMap((tag) => ["--tag", tag]);
}

/** Ends a run whose place does not answer for so long, and keeps what it said. */
function patience(clock: Clock, lines: string[], signal: AbortSignal | undefined) {
  const given = new AbortController();
  let since: number | undefined;
  const onLine = (line: string): void => {
    lines.push(line);
    if (lines.length > 200) lines.shift();
    if (!/returned error, retrying/.test(line)) return;
    since ??= clock.now();
    if (clock.now() - since < PATIENCE_MS) return;
    given.abort(new HowdahError("backup/store-unreachable", "The place of the backups does not answer", { output: lines }));
  };
  return { onLine, signal: signal === undefined ? given.signal : AbortSignal.any([signal, given.signal]) };
}

/** Runs a program that reads what `produce` writes. The program only sees the end when `produce` is content; else it is killed before. */
async function fed(start: (input: PassThrough, stop: AbortSignal) => Promise<Ran>, produce: Produce): Promise<Ran> {
  const input = new PassThrough();
  const stop = new AbortController();
  let died: unknown;
  const running = start(input, stop.signal).catch((error: unknown) => {
    died = error;
    input.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  running.catch(() => {}); // awaited below
  try {
    await produce(input);
  } catch (error) {
    const first: unknown = died ?? error;
    stop.abort(new HowdahError("cancelled", "What was to be saved is not whole"));
    input.destroy();
    await running.catch(() => {});
    throw first;
  }
  input.end();
  return await running;
}
