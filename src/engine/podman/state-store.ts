import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Maintenance } from "../engine.ts";
import type { Manifest, ObjectKey, Rendered } from "../../render/objects.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** One object that was applied. `settled` is false between the switch to it and the end of what it replaced. */
export interface AppliedObject {
  readonly digest: string;
  readonly settled: boolean;
  readonly object: Manifest;
}

/** What the engine remembers of a namespace: enough to bring it back after a reboot. Holds names of secrets, never values. */
export interface NamespaceState {
  readonly version: 1;
  /** True after `howdah down`. */
  readonly down: boolean;
  /** Which start, asked for by a command, pods belong to. Restarts and healing carry it on: a hook that failed in it is not run again by them. */
  readonly attempt?: string;
  /** While the way in answers for the site instead of its pods: with what, and which workloads rest. */
  readonly held?: { readonly page: Maintenance; readonly stop: readonly string[] };
  /** While it sleeps: since when (RFC 3339), and why it could not be woken the last time. */
  readonly idle?: { readonly since: string; readonly failure?: string };
  readonly objects: Readonly<Record<ObjectKey, AppliedObject>>;
}

/** The engine's memory: one JSON file per namespace below the state directory. */
export interface StateStore {
  namespaces(): Promise<readonly string[]>;
  read(namespace: string): Promise<NamespaceState>;
  change(namespace: string, change: (state: NamespaceState) => NamespaceState): Promise<NamespaceState>;
  /** Forgets a namespace. */
  forget(namespace: string): Promise<void>;
  directory(namespace: string): string;
}

const nothing: NamespaceState = { version: 1, down: false, objects: {} };

/** Opens the memory below `stateDir`. Errors of `read`: `machine/state-unreadable` naming the file. */
export function stateStore(stateDir: string): StateStore {
  const root = join(stateDir, "namespaces");
  const directory = (namespace: string): string => join(root, safeName(namespace));
  const file = (namespace: string): string => join(directory(namespace), "state.json");
  const read = async (namespace: string): Promise<NamespaceState> => {
    const text = await readOrUndefined(file(namespace));
    return text === undefined ? nothing : parsed(file(namespace), text);
  };
  /** Two works of one command on a namespace change it one after the other; other commands are kept out by its lock. */
  const last = new Map<string, Promise<unknown>>();
  const inTurn = async <T>(namespace: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(namespace) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    last.set(namespace, settled);
    return await mine.finally(() => {
      if (last.get(namespace) === settled) last.delete(namespace);
    });
  };
  return {
    directory,
    read,
    namespaces: async () => {
      const names = await readdir(root).catch(noneWhenMissing);
      return names.toSorted();
    },
    change: (namespace, change) =>
      inTurn(namespace, async () => {
        const next = change(await read(namespace));
        await mkdir(directory(namespace), { recursive: true, mode: 0o700 });
        await writeAtomically(file(namespace), `${JSON.stringify(next, null, 1)}\n`, { mode: 0o600 });
        return next;
      }),
    forget: async (namespace) => rm(directory(namespace), { recursive: true, force: true }),
  };
}

/** The state with one object applied. */
export function withObject(state: NamespaceState, desired: Rendered, settled: boolean): NamespaceState {
  const applied: AppliedObject = { digest: desired.digest, settled, object: desired.object };
  return { ...state, objects: { ...state.objects, [desired.key]: applied } };
}

/** The state without one object. */
export function withoutObject(state: NamespaceState, key: ObjectKey): NamespaceState {
  return { ...state, objects: Object.fromEntries(Object.entries(state.objects).filter(([other]) => other !== key)) };
}

/** The state of a namespace that does not sleep. */
export function awake({ idle: _idle, ...state }: NamespaceState): NamespaceState {
  return state;
}

/** All applied objects of one kind. */
export function objectsOf<K extends Manifest["kind"]>(state: NamespaceState, kind: K): Extract<Manifest, { kind: K }>[] {
  return Object.values(state.objects).flatMap(({ object }) => (object.kind === kind ? [object as Extract<Manifest, { kind: K }>] : []));
}

/** A namespace is a DNS label: it becomes a directory's and a network's name. */
export function safeName(name: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new HowdahError("site/unknown", `${JSON.stringify(name)} can't be the name of a site`);
}

function parsed(path: string, text: string): NamespaceState {
  const state = parsedJson(path, text);
  const good =
    typeof state === "object" &&
    state !== null &&
    "version" in state &&
    state.version === 1 &&
    "objects" in state &&
    typeof state.objects === "object";
  if (good) return state as NamespaceState;
  throw unreadable(path);
}

function parsedJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause?: unknown): HowdahError {
  return new HowdahError("machine/state-unreadable", `${path} is damaged`, {
    cause,
    hint: `Move ${path} away and run \`howdah up\` again: what runs is recognized by its labels and goes on; volumes are not touched.`,
  });
}

async function readOrUndefined(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(path, error);
  }
}

function noneWhenMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}
