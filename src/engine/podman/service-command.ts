/** One request to podman's service (its libpod API, version 4.0.0 and later). */
export interface ServiceRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the API's version, with its query. */
  readonly path: string;
}

/** A podman command as requests to its service. */
export interface ServiceCommand {
  readonly requests: readonly ServiceRequest[];
  /** One after another: a pod's network is there before what joins it. */
  readonly inOrder: boolean;
  /** Answers that mean what exit code 0 does. Any other one: the command itself is run, and says what is wrong. */
  readonly accepts: readonly number[];
  /** What the command would have printed, as far as the engine reads it. */
  readonly stdout: (bodies: readonly string[]) => string;
}

const DONE = [200, 204, 304] as const;
const GONE = 404;

/**
 * The requests that do what a command line does; undefined for commands that only the command line can. Each process of podman costs 60 to
 * 100 ms of CPU before it does anything (measured with 4.3.1), a request 2 to 5 ms, and a deploy has some forty of them.
 * @param args without the program's name
 */
export function serviceCommand(args: readonly string[]): ServiceCommand | undefined {
  return reading(args) ?? changing(args);
}

function reading(args: readonly string[]): ServiceCommand | undefined {
  const [noun = "", verb = "", ...rest] = args;
  const read = (paths: readonly string[], stdout: ServiceCommand["stdout"]): ServiceCommand => ({
    requests: paths.map((path) => ({ method: "GET", path })),
    inOrder: false,
    accepts: [200],
    stdout,
  });
  if (args.slice(0, 4).join(" ") === "ps --all --format json") return listing("/containers/json?all=true&", args.slice(4), read);
  if (args.slice(0, 4).join(" ") === "network ls --format json") return listing("/networks/json?", args.slice(4), read);
  const plain = rest.length > 0 && rest.every((word) => !word.startsWith("-"));
  if (verb === "inspect" && plain && ["container", "network", "volume"].includes(noun))
    return read(
      rest.map((name) => `/${noun}s/${part(name)}/json`),
      (bodies) => `[${bodies.join(",")}]`,
    );
  if (noun === "image" && verb === "inspect" && rest[0] === "--" && rest.length > 1)
    return read(
      rest.slice(1).map((name) => `/images/${part(name)}/json`),
      (bodies) => `[${bodies.join(",")}]`,
    );
  if (args.join(" ") === "secret ls --format {{.Name}}")
    return read(["/secrets/json"], ([body = "[]"]) => (list(body) as readonly RawSecret[]).map(({ Spec }) => `${Spec.Name}\n`).join(""));
  const [flag, template, name, ...more] = rest;
  if (verb !== "inspect" || flag !== "--format" || name === undefined || name.startsWith("-") || more.length > 0) return undefined;
  if (noun === "container" && template === "{{json .NetworkSettings.Networks}}")
    return read([`/containers/${part(name)}/json`], ([body = "{}"]) =>
      JSON.stringify((JSON.parse(body) as { NetworkSettings?: { Networks?: unknown } }).NetworkSettings?.Networks ?? null),
    );
  return undefined;
}

interface RawSecret {
  readonly Spec: { readonly Name: string };
}

/** An empty list is `null` there. */
function list(body: string): readonly unknown[] {
  return (JSON.parse(body) as readonly unknown[] | null) ?? [];
}

type Read = (paths: readonly string[], stdout: ServiceCommand["stdout"]) => ServiceCommand;

/** Lists of what carries all the labels of `--filter label=…`, the one way in which they are asked for. */
function listing(path: string, filters: readonly string[], read: Read): ServiceCommand | undefined {
  const labels = filters.filter((_, index) => index % 2 === 1);
  const asked = filters.every((word, index) => (index % 2 === 0 ? word === "--filter" : word.startsWith("label=")));
  if (!asked || filters.length % 2 !== 0) return undefined;
  const wanted = labels.length === 0 ? {} : { label: labels.map((filter) => filter.slice("label=".length)) };
  return read([`${path}filters=${encodeURIComponent(JSON.stringify(wanted))}`], ([body = "[]"]) => JSON.stringify(list(body)));
}

/** What may be done twice, so that the command can still be run when the service says no. */
function changing(args: readonly string[]): ServiceCommand | undefined {
  const [verb, ...names] = args;
  if (verb === "start" && areNames(names)) {
    const requests = names.map((name) => ({ method: "POST", path: `/containers/${part(name)}/start` }) as const);
    return { requests, inOrder: true, accepts: DONE, stdout: () => "" };
  }
  if (verb === "stop" && names[0] === "--ignore" && areNames(names.slice(1))) {
    const requests = names.slice(1).map((name) => ({ method: "POST", path: `/containers/${part(name)}/stop` }) as const);
    return { requests, inOrder: false, accepts: [...DONE, GONE], stdout: () => "" };
  }
  const last = args.at(-1) ?? "";
  if (!areNames([last])) return undefined;
  const command = args.slice(0, -1).join(" ");
  const one = (request: ServiceRequest): ServiceCommand => ({
    requests: [request],
    inOrder: true,
    accepts: [...DONE, GONE],
    stdout: () => "",
  });
  if (command === "pod stop --ignore") return one({ method: "POST", path: `/pods/${part(last)}/stop` });
  if (command === "pod rm --force --ignore --time=0") return one({ method: "DELETE", path: `/pods/${part(last)}?force=true&timeout=0` });
  return undefined;
}

function areNames(words: readonly string[]): boolean {
  return words.length > 0 && words.every((word) => word !== "" && !word.startsWith("-"));
}

function part(name: string): string {
  return encodeURIComponent(name);
}
