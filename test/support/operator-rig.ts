import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { crds } from "../../src/resources/crds.ts";
import { OPERATOR_NAME, OWN_NAMESPACE, operatorObjects, ownNamespace, settingsMap } from "../../src/resources/install/operator-objects.ts";
import { chosenSettings } from "../../src/workflows/cluster/chosen-settings.ts";
import { connect, createWorkshop } from "../cluster/cluster.ts";
import { clusterEnvironment } from "../cluster/environment.ts";
import { settingsOf } from "../cluster/settings.ts";
import { type HowdahMachine, howdahMachine } from "./howdah-machine.ts";
import { type Answer, httpAnswer } from "./http-answer.ts";
import { removeNamespaces } from "./test-cluster.ts";

/** What `howdah deploy --context` says, as far as tests look at it. */
export interface Deployed {
  readonly release: string;
  /** False when nothing changed: `release` then is the one that serves. */
  readonly released: boolean;
  readonly url: string | null;
  /** Those of an application's first administrator, shown once. */
  readonly credentials: { readonly user: string; readonly password: string } | null;
}

/** A process of `howdah operator`, of this checkout. */
export interface OperatorProcess {
  readonly pid: number;
  /** How it ended; undefined while it runs. */
  readonly ended: () => string | undefined;
  signal(name: NodeJS.Signals): void;
  /** Ends it and waits for that. */
  stop(name?: NodeJS.Signals): Promise<void>;
  /** Waits until it has said something. */
  says(words: string): Promise<void>;
  /** Its log. */
  readonly said: () => string;
}

/** The real command line on the test cluster, with an operator of this checkout. */
export interface OperatorRig extends Pick<HowdahMachine, "directory" | "environment" | "howdah" | "ok" | "start" | "app"> {
  /** Where the Gateway listens, port 80. */
  readonly address: string;
  /** `10.99.0.5:5000`. */
  readonly registry: string;
  kubectl(...argv: readonly string[]): Promise<string>;
  /** Makes a tenant, whose pods may pull; waits until its namespace is there. */
  tenant(name: string): Promise<void>;
  /** Deploys the site of a directory, which must succeed; its images go to the registry under the directory's name. `namespace`: where it is not the site's name. */
  deploy(directory: string, namespace?: string): Promise<Deployed>;
  /** The arguments of that command, for those who expect something else of it. */
  deployArguments(directory: string, namespace?: string): readonly string[];
  /** Asks the Gateway. */
  get(host: string, path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Waits until no pod of a namespace is on its way out: until then a gateway may ask one, on a busy machine for many seconds. */
  formerGone(namespace: string): Promise<void>;
  /** Starts an operator with the rights that the installed one has; `server` is where it finds the API, such as a proxy, without credentials; `program` another `howdah` than this checkout's; `more` of its environment. Those that run are ended by `close`. */
  operator(server?: string, program?: string, more?: Readonly<Record<string, string>>): Promise<OperatorProcess>;
  /** Ends operators and takes the tenants with their namespaces away. Answers what is left on the machine. */
  close(): Promise<readonly string[]>;
}

const PULL_SECRET = "registry";
const GATEWAY_PORT = 80;

/** Makes the rig. `name` is a short word of the test file; `port` of one machine's edge, which is never started. */
export async function operatorRig(name: string, port: number): Promise<OperatorRig> {
  const settings = settingsOf();
  const cluster = connect(createWorkshop(settings, () => undefined));
  const known = clusterEnvironment(settings);
  const machine = await howdahMachine(name, port, {
    KUBECONFIG: cluster.kubeconfig,
    REGISTRY_AUTH_FILE: known["HOWDAH_CLUSTER_REGISTRY_AUTH"] ?? "",
    SSL_CERT_FILE: known["HOWDAH_CLUSTER_CA"] ?? "",
  });
  const kubectl: OperatorRig["kubectl"] = async (...argv) => (await cluster.kubectl(argv)).stdout;
  const address = settings.nodes[0]?.address ?? "";
  const tenants: string[] = [];
  const operators: OperatorProcess[] = [];
  const deployArguments: OperatorRig["deployArguments"] = (directory, namespace) => [
    ...["deploy", directory, "--context", ".", "--to", `${settings.registryHost}/test/${basename(directory)}`, "--output", "json"],
    ...(namespace === undefined ? [] : ["--namespace", namespace]),
  ];
  await install(machine, kubectl, settings.registryHost, known);
  return {
    ...machine,
    ...{ address, registry: settings.registryHost, kubectl },
    tenant: async (tenant) => {
      tenants.push(tenant);
      const object = { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: tenant }, spec: { pullSecret: PULL_SECRET } };
      await apply(machine, kubectl, object);
      await kubectl("wait", "--for=condition=Ready", "--timeout=120s", `tenant/${tenant}`);
    },
    deployArguments,
    deploy: async (directory, namespace) => JSON.parse((await machine.ok(...deployArguments(directory, namespace))).stdout) as Deployed,
    get: (host, path, headers = {}) => httpAnswer({ address, port: GATEWAY_PORT }, host, path, { headers }),
    formerGone: async (namespace) => {
      const ending = "{range .items[?(@.metadata.deletionTimestamp)]}{.metadata.name} {end}";
      const last = Date.now() + ENDED_MS;
      for (;;) {
        const names = await kubectl("get", "pods", "--namespace", namespace, `--output=jsonpath=${ending}`);
        if (names.trim() === "") return;
        if (Date.now() > last) throw new Error(`pods of ${namespace} do not end: ${names}`);
        await sleep(500);
      }
    },
    operator: async (server, program = "bin/howdah", more = {}) => {
      const kubeconfig = join(machine.directory, `operator-${String(operators.length)}.yaml`);
      await writeFile(kubeconfig, server === undefined ? await ownKubeconfig(kubectl, cluster.kubeconfig) : kubeconfigFor(server), {
        mode: 0o600,
      });
      const started = startOperator(program, { ...machine.environment, ...more, KUBECONFIG: kubeconfig });
      operators.push(started);
      await started.says("operator started");
      return started;
    },
    close: async () => {
      for (const tenant of tenants) await kubectl("delete", "tenant", tenant, "--ignore-not-found", "--wait=false");
      await removeNamespaces(cluster, ...tenants);
      // One that runs takes their finalizer away then: a tenant that is still going would be the next run's.
      if (operators.some((operator) => operator.ended() === undefined))
        for (const tenant of tenants) await kubectl("wait", "--for=delete", "--timeout=30s", `tenant/${tenant}`).catch(() => undefined); // stopped, or cut off
      for (const operator of operators) await operator.stop();
      return machine.remove();
    },
  };
}

/** As JSON, which is YAML. */
function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "proxy", cluster: { server } }],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: "proxy", context: { cluster: "proxy", user: "nobody" } }],
    "current-context": "proxy",
  });
}

/** Pods wait 15 to 20 s before they stop, and their programs may take as long again. */
const ENDED_MS = 120_000;
const SAYS_MS = 60_000;
const STOP_MS = 30_000;

function startOperator(program: string, environment: Readonly<Record<string, string>>): OperatorProcess {
  const child = spawn(process.execPath, [program, "operator"], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let end: string | undefined;
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.once("close", (code, signal) => {
    end = `${String(code ?? signal)}: ${output.slice(-2000)}`;
  });
  const until = async (what: () => boolean, words: string): Promise<void> => {
    const last = Date.now() + SAYS_MS;
    while (!what()) {
      if (end !== undefined && !what()) throw new Error(`the operator ended before ${words}: ${end}`);
      if (Date.now() > last) throw new Error(`the operator did not come to ${words}: ${output.slice(-2000)}`);
      await sleep(50);
    }
  };
  return {
    pid: child.pid ?? -1,
    ended: () => end,
    signal: (name) => void child.kill(name),
    stop: async (name = "SIGTERM") => {
      const last = Date.now() + STOP_MS;
      child.kill("SIGCONT");
      child.kill(name);
      while (child.exitCode === null && child.signalCode === null) {
        await sleep(50);
        if (Date.now() < last) continue;
        child.kill("SIGKILL");
        throw new Error(`the operator did not end within ${String(STOP_MS / 1000)} s of ${name}: ${output.slice(-2000)}`);
      }
    },
    said: () => output,
    says: (words) => until(() => output.includes(words), JSON.stringify(words)),
  };
}

/** How the test cluster is described to `howdah install`. */
const clusterFlags = {
  ...{ gateway: "gateway/howdah", httpListener: "http", httpsListener: "https", trust: ["10.99.0.0/16", "10.244.0.0/16"] },
  ...{ ingressAnnotation: [], from: [], monitoring: [], privateNetwork: [], readWriteOnce: false },
};

/** What `howdah install` puts into a cluster, but for the operator's pods: it runs from this checkout, with the rights that it has there. */
async function install(
  machine: HowdahMachine,
  kubectl: OperatorRig["kubectl"],
  registry: string,
  known: Readonly<Record<string, string>>,
): Promise<void> {
  const classes = await kubectl("get", "storageclass", "--output=name");
  const shared = classes.includes("/howdah-rwx\n");
  const settings = chosenSettings(undefined, {
    ...clusterFlags,
    readWriteOnce: !shared,
    ...(shared ? { storageClass: "howdah-rwx" } : {}),
  });
  await applyAll(machine, kubectl, crds());
  await kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/tenants.howdah.dev", "crd/environments.howdah.dev");
  await applyAll(machine, kubectl, [
    ownNamespace(),
    settingsMap(settings),
    ...operatorObjects({ image: "", pullSecret: PULL_SECRET, settings }).filter(({ kind }) => kind !== "Deployment"),
  ]);
  await pullSecret(machine, kubectl, registry, known);
}

/** The Secret for the registry in howdah-system, where database servers of sites pull with the default service account. */
export async function pullSecret(
  machine: Pick<HowdahMachine, "directory">,
  kubectl: OperatorRig["kubectl"],
  registry: string,
  known: Readonly<Record<string, string>>,
): Promise<void> {
  const user = { username: known["HOWDAH_CLUSTER_REGISTRY_USER"], password: known["HOWDAH_CLUSTER_REGISTRY_PASSWORD"] };
  const metadata = (name: string): object => ({ name, namespace: OWN_NAMESPACE });
  await applyAll(machine, kubectl, [
    {
      ...{ apiVersion: "v1", kind: "Secret", metadata: metadata(PULL_SECRET), type: "kubernetes.io/dockerconfigjson" },
      stringData: { ".dockerconfigjson": JSON.stringify({ auths: { [registry]: user } }) },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata("default"), imagePullSecrets: [{ name: PULL_SECRET }] },
  ]);
}

/** An operator from this checkout may do what one in the cluster may: it has its token. */
async function ownKubeconfig(kubectl: OperatorRig["kubectl"], admin: string): Promise<string> {
  const { clusters } = JSON.parse(await readFile(admin, "utf8")) as { readonly clusters: readonly { readonly name: string }[] };
  const token = (await kubectl("create", "token", OPERATOR_NAME, `--namespace=${OWN_NAMESPACE}`, "--duration=6h")).trim();
  const [cluster] = clusters;
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [cluster],
    users: [{ name: OPERATOR_NAME, user: { token } }],
    contexts: [{ name: OPERATOR_NAME, context: { cluster: cluster?.name, user: OPERATOR_NAME } }],
    "current-context": OPERATOR_NAME,
  });
}

async function applyAll(
  machine: Pick<HowdahMachine, "directory">,
  kubectl: OperatorRig["kubectl"],
  items: readonly object[],
): Promise<void> {
  await apply(machine, kubectl, { apiVersion: "v1", kind: "List", items });
}

async function apply(machine: Pick<HowdahMachine, "directory">, kubectl: OperatorRig["kubectl"], object: object): Promise<void> {
  const file = join(machine.directory, "object.json");
  await writeFile(file, JSON.stringify(object), { mode: 0o600 });
  await kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=howdah-test", `--filename=${file}`);
}
