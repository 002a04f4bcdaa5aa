import type { Clock } from "../kernel/clock.ts";
import type { KubeObject, KubernetesApi, ListOptions, ObjectName, Resource } from "../kubernetes/kubernetes-api.ts";

/** An API and a clock for one look: both have to be used for all of it. */
interface OneReading {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** For whoever has waited for something else than the clock: another may have written meanwhile. */
  readonly forget: () => void;
}

/** So long a look's reading is good at most, in milliseconds: work between two reads (a database's answer) takes time, too. */
const GOOD_MS = 2000;

/**
 * What a look has read it does not ask the server for again, until it writes, asks a pod, or waits: from then on everything is read anew, and once it
 * follows something (a watch, a program, logs) nothing is kept any more. The parts of a look each read what they need (the releases three times, what
 * is remembered of the namespace five times), one after the other, and a person waits for the sum. Nothing is older than the look itself, and writes say
 * the version that they are about, as ever. An object that a list has brought is not asked for by its name.
 */
export function oneReading(api: KubernetesApi, clock: Clock): OneReading {
  const read = new Map<string, Promise<unknown>>();
  const listed = new Map<string, KubeObject>();
  let since = clock.now();
  let follows = false;
  const forget = (): void => {
    read.clear();
    listed.clear();
  };
  const once = <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    if (follows) return ask();
    const now = clock.now();
    if (read.size > 0 && (now < since || now - since >= GOOD_MS)) forget();
    if (read.size === 0) since = now;
    const before = read.get(what) as Promise<T> | undefined;
    if (before !== undefined) return before;
    const answer = ask();
    read.set(what, answer);
    answer.catch(() => {
      if (read.get(what) === answer) read.delete(what);
    });
    return answer;
  };
  const anew = async <T>(act: () => Promise<T>): Promise<T> => {
    forget();
    try {
      return await act();
    } finally {
      forget(); // what was read meanwhile may be from before
    }
  };
  const follow = <T>(begin: () => T): T => {
    follows = true;
    forget();
    return begin();
  };
  const list = async (resource: Resource, options?: ListOptions, signal?: AbortSignal): ReturnType<KubernetesApi["list"]> => {
    const what = `list ${placeOf(resource)} ${JSON.stringify(options ?? {})}`;
    const answer = once(what, () => api.list(resource, options, signal));
    const found = await answer;
    if (read.get(what) === answer) for (const one of found.items) listed.set(keyOf(resource, one.metadata), one);
    return found;
  };
  /** An object as this look has read it. */
  const answered = async (resource: Resource, name: KubeObject["metadata"]): Promise<KubeObject | undefined> => {
    const key = keyOf(resource, name);
    const got = read.get(`get ${key}`) as Promise<KubeObject | undefined> | undefined;
    return (await got?.catch(() => undefined)) ?? listed.get(key);
  };
  const get = async (name: ObjectName, signal?: AbortSignal): Promise<KubeObject | undefined> => {
    const key = keyOf(name.resource, name);
    return once(`get ${key}`, async () => listed.get(key) ?? api.get(name, signal));
  };
  return {
    forget,
    clock: { now: () => clock.now(), sleep: (ms, signal) => anew(() => clock.sleep(ms, signal)) },
    api: {
      server: api.server,
      version: (signal) => api.version(signal),
      ...{ get, list },
      apply: async (resource, object, ...rest) => {
        const known = await answered(resource, object.metadata);
        const applied = await api.apply(resource, object, ...rest).catch((error: unknown) => {
          forget();
          throw error;
        });
        if (known === undefined || known.metadata.resourceVersion !== applied.metadata.resourceVersion) forget();
        return applied;
      },
      create: (...given) => anew(() => api.create(...given)),
      replace: (...given) => anew(() => api.replace(...given)),
      mergePatch: (...given) => anew(() => api.mergePatch(...given)),
      delete: (...given) => anew(() => api.delete(...given)),
      askPod: (...given) => anew(() => api.askPod(...given)),
      exec: (...given) => follow(() => api.exec(...given)),
      connectPod: (...given) => follow(() => api.connectPod(...given)),
      watch: (...given) => follow(() => api.watch(...given)),
      logs: (...given) => follow(() => api.logs(...given)),
      close: () => {
        api.close();
      },
    },
  };
}

function keyOf(resource: Resource, { namespace, name }: { readonly namespace?: string | undefined; readonly name: string }): string {
  return `${placeOf(resource)}/${resource.namespaced ? (namespace ?? "") : ""}/${name}`;
}

function placeOf({ group, plural }: Resource): string {
  return `${plural}.${group}`;
}
