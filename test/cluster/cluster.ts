import { access, copyFile, link, mkdir, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { run } from "../../src/providers/process.ts";
import type { Cluster, Workshop } from "./addon.ts";
import { type GoProgram, buildGoProgram } from "./go-program.ts";
import { composeImage } from "./image.ts";
import { enterMachine, startDaemon } from "./machine.ts";
import { CONTAINERD_SOCKET } from "./node-config.ts";
import type { Settings } from "./settings.ts";

/** Kubernetes 1.34: later minors want containerd 2 and control groups of version 2, which Debian 12 and nested machines may not have. */
const VERSION = "v1.34.4";

const kubernetesProgram: GoProgram = {
  name: "kubernetes",
  module: join(import.meta.dirname, "kubernetes"),
  variables: {
    "k8s.io/component-base/version.gitVersion": VERSION,
    "k8s.io/component-base/version.gitMajor": "1",
    "k8s.io/component-base/version.gitMinor": "34",
  },
};

/** What add-ons and the cluster itself are prepared with. */
export function createWorkshop(settings: Settings, say: (line: string) => void): Workshop {
  return {
    settings,
    say,
    goProgram: (program) => buildGoProgram(program, settings.cache, say),
    image: (recipe) => composeImage(recipe, settings.cache),
  };
}

/** Our binary with all of Kubernetes; built when the cache lacks it. */
export function kubernetesBinary(workshop: Workshop): Promise<string> {
  return workshop.goProgram(kubernetesProgram);
}

/** Puts the binary into the run directory, as `kubernetes` and as `kubectl`: a cluster keeps the build that it was started with. */
export async function installBinary(workshop: Workshop): Promise<string> {
  const built = await kubernetesBinary(workshop);
  const bin = join(workshop.settings.directory, "bin");
  const own = join(bin, "kubernetes");
  if (await exists(own)) return own;
  await mkdir(bin, { recursive: true });
  await link(built, own).catch(() => copyFile(built, own));
  await symlink("kubernetes", join(bin, "kubectl"));
  return own;
}

/** The administrator's kubeconfig, when the cluster has been started. */
export function kubeconfigOf(settings: Settings): string {
  return join(settings.directory, "kubeconfig");
}

/** The handle of a cluster whose control plane runs. */
export function connect(workshop: Workshop): Cluster {
  const { settings } = workshop;
  const kubeconfig = kubeconfigOf(settings);
  const kubectl: Cluster["kubectl"] = (argv, options) => {
    const access = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${join(settings.directory, "kubectl-cache")}`];
    return run([join(settings.directory, "bin/kubectl"), ...access, ...argv], options);
  };
  return {
    ...workshop,
    kubeconfig,
    kubectl,
    apply: async (objects) => {
      const list = { apiVersion: "v1", kind: "List", items: objects };
      const how = ["--server-side", "--force-conflicts", "--field-manager=howdah-test-cluster"];
      await kubectl(["apply", ...how, "--filename=-"], { input: JSON.stringify(list) });
    },
    load: (archives) => loadImages(settings, archives),
    enter: (machine, argv, options) => enterMachine(settings, machine, argv, options),
    daemon: async (machine, name, argv) => {
      await startDaemon(settings, machine, name, argv);
    },
  };
}

/**
 * Brings archives into every node's containerd, all nodes at once. Those of the cache, whose names hold the hash of what is in them, are
 * brought once: a node's images outlive its machine.
 */
export async function loadImages(settings: Settings, archives: readonly string[]): Promise<void> {
  await Promise.all(
    settings.nodes.map(async ({ name }) => {
      for (const archive of archives) await loadImage(settings, name, archive);
    }),
  );
}

async function loadImage(settings: Settings, node: string, archive: string): Promise<void> {
  const mark = join(settings.directory, "nodes", node, "loaded", basename(archive));
  const isCached = dirname(archive) === join(settings.cache, "images");
  if (isCached && (await exists(mark))) return;
  const ctr = ["ctr", "--address", CONTAINERD_SOCKET, "--namespace", "k8s.io"];
  await enterMachine(settings, node, [...ctr, "images", "import", archive]);
  if (!isCached) return;
  await mkdir(dirname(mark), { recursive: true });
  await writeFile(mark, "");
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
