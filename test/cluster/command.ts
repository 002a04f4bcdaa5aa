import { resolve } from "node:path";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { addons } from "./addons.ts";
import type { Workshop } from "./addon.ts";
import { connect, createWorkshop, kubeconfigOf } from "./cluster.ts";
import { clusterEnvironment } from "./environment.ts";
import { cutMachine, cutPower, drainNode, healMachine } from "./faults.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { buildCluster, chooseAddons, startCluster } from "./start.ts";
import { type ClusterStatus, clusterStatus } from "./status.ts";
import { stopCluster } from "./stop.ts";

/** Options of the command. */
export interface CommandOptions {
  /** Add-ons to start beside those by default. */
  readonly addons: readonly string[];
  readonly json: boolean;
  readonly help: boolean;
}

type Verb = (workshop: Workshop, words: readonly string[], options: CommandOptions) => Promise<void>;

const out = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** `npm run cluster -- VERB`: answers go to stdout, progress to stderr; the return value is the exit code. */
export async function runCommand([verb, ...words]: readonly string[], options: CommandOptions): Promise<number> {
  const started = performance.now();
  try {
    const settings = settingsOf();
    if (verb === undefined || options.help) {
      out(helpText(settings));
      return verb === undefined && !options.help ? 64 : 0;
    }
    const run = verbs[verb];
    if (run === undefined) throw new Error(`There is no command ${verb}. There are: ${Object.keys(verbs).join(", ")}`);
    const say = (line: string): void => {
      process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
    };
    await run(createWorkshop(settings, say), words, options);
    return 0;
  } catch (error) {
    process.stderr.write(`${wordsOf(error)}\n`);
    return 1;
  }
}

const verbs: Readonly<Record<string, Verb>> = {
  build: async (workshop, _, options) => buildCluster(workshop, chooseAddons(options.addons)),
  start: async (workshop, _, options) => {
    const { settings, say } = workshop;
    const given = process.env["KUBECONFIG"] ?? "";
    if (given !== "" && resolve(given) !== kubeconfigOf(settings)) {
      say(`KUBECONFIG names a cluster (${given}): tests use that one, and nothing is started. Unset it to start one here.`);
      return;
    }
    await startCluster(workshop, chooseAddons(options.addons));
    out(options.json ? JSON.stringify(clusterEnvironment(settings)) : exports(settings));
  },
  stop: async (workshop) => {
    await stopCluster(workshop);
    workshop.say("Nothing of the cluster is left");
  },
  status: async (workshop, _, options) => {
    const status = await clusterStatus(workshop);
    out(options.json ? JSON.stringify(status, undefined, 2) : statusText(status));
  },
  env: async (workshop, _, options) => {
    out(options.json ? JSON.stringify(clusterEnvironment(workshop.settings)) : exports(workshop.settings));
  },
  load: async (workshop, words) => {
    if (words.length === 0) throw new Error("Name the archives: npm run cluster -- load IMAGE.tar");
    await connect(workshop).load(words.map((path) => resolve(path)));
    workshop.say(`${words.join(", ")}: on every node`);
  },
  enter: async (workshop, [machine = "", ...argv]) => {
    if (argv.length === 0) throw new Error("Name a machine and a program: npm run cluster -- enter node-1 ip route");
    await connect(workshop).enter(machine, argv, { onLine: (line, stream) => process[stream].write(`${line}\n`) });
  },
  cut: async (workshop, words) => forEach(words, (name) => cutMachine(workshop, name), workshop, "is cut off"),
  kill: async (workshop, words) => forEach(words, (name) => cutPower(workshop, name), workshop, "is dead"),
  drain: async (workshop, words) => forEach(words, (name) => drainNode(workshop, name), workshop, "is drained"),
  heal: async (workshop, words) => forEach(words, (name) => healMachine(workshop, name), workshop, "is back"),
};

async function forEach(names: readonly string[], act: (name: string) => Promise<void>, { say }: Workshop, done: string): Promise<void> {
  if (names.length === 0) throw new Error("Name a machine: node-1, node-2, node-3, control or registry");
  for (const name of names) {
    await act(name);
    say(`${name} ${done}`);
  }
}

function exports(settings: Settings): string {
  return Object.entries(clusterEnvironment(settings))
    .map(([name, value]) => `export ${name}=${value}`)
    .join("\n");
}

function statusText(status: ClusterStatus): string {
  if (!status.running) return "The test cluster does not run (npm run cluster -- start)";
  const rows = status.machines.map(({ name, address, power, cable, ended, kubernetes }) =>
    [
      name.padEnd(9),
      address.padEnd(12),
      `power ${power}`.padEnd(10),
      `cable ${cable}`.padEnd(11),
      kubernetes ?? "",
      ended.length === 0 ? "" : `ended: ${ended.join(", ")}`,
    ]
      .join(" ")
      .trimEnd(),
  );
  return [...rows, "", `add-ons   ${status.addons.join(", ")}`, `registry  ${status.registry}`, `KUBECONFIG=${status.kubeconfig}`].join(
    "\n",
  );
}

function helpText(settings: Settings): string {
  const names = addons.map(({ name, about, byDefault }) => `  ${name.padEnd(16)} ${about}${byDefault ? "" : ` (--with ${name})`}`);
  return `A Kubernetes of three nodes on this machine, for tests. Needs root.

npm run cluster -- build [--with ADDON]  builds what a start needs; minutes the first time, then cached
npm run cluster -- start [--with ADDON]  starts what does not run; --with all: every add-on
npm run cluster -- stop                  stops everything and leaves nothing
npm run cluster -- status [--output json]
npm run cluster -- env [--output json]   variables for a shell: eval "$(npm run -s cluster -- env)"
npm run cluster -- load IMAGE.tar...     brings OCI or docker archives to every node
npm run cluster -- enter MACHINE PROGRAM...  runs a program inside a machine
npm run cluster -- cut MACHINE...        pulls the cable; everything inside goes on
npm run cluster -- kill MACHINE...       cuts the power
npm run cluster -- drain NODE...         empties a node in an orderly way
npm run cluster -- heal MACHINE...       undoes any of the three

Machines: ${[settings.control, settings.registry, ...settings.nodes].map(({ name }) => name).join(", ")}
Add-ons:
${names.join("\n")}

KUBECONFIG            a cluster of yours: tests use it, start starts nothing
HOWDAH_CLUSTER_NUMBER 0 to 9: clusters beside each other (now ${String(settings.number)})
HOWDAH_CLUSTER_DIR    run directory (now ${settings.directory})`;
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const output = error instanceof HowdahError ? error.output : [];
  return [`error: ${error.message}`, ...output.map((line) => `  ${line}`)].join("\n");
}
