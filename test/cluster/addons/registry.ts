import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../src/providers/process.ts";
import type { Addon } from "../addon.ts";
import { startMachine } from "../machine.ts";
import { plugIn } from "../network.ts";
import { keyPair } from "../pki.ts";
import type { Settings } from "../settings.ts";
import { until } from "../until.ts";

/** Who may read and write. A test registry on the machine's own network: nothing that is worth hiding. */
export const REGISTRY_USER = "howdah";
export const REGISTRY_PASSWORD = "test-cluster";
/** bcrypt of the password, the only kind that the registry reads (htpasswd -B). */
const PASSWORD_HASH = "$2b$05$abcdefghijklmnopqrstuuuMEktVH/ZTre.AHI5QlzuzExtqY7LWu";

/**
 * Debian's docker-registry with TLS of the cluster's authority and a password, on a machine of its own: `settings.registryHost` for the host,
 * the nodes and pods alike. Nodes trust the authority; pods need a pull secret, as on any cluster.
 */
export const registry: Addon = {
  name: "registry",
  about: "an image registry with TLS and a password, for the host, nodes and pods under one address",
  byDefault: true,
  build: async ({ settings }) => {
    await registryProgram(settings.cache);
  },
  start: async (cluster) => {
    const { settings } = cluster;
    const machine = settings.registry;
    await startMachine(settings, machine.name);
    await plugIn(settings, machine);
    const directory = join(settings.directory, "registry");
    await mkdir(join(directory, "data"), { recursive: true });
    await writeFile(join(directory, "htpasswd"), `${REGISTRY_USER}:${PASSWORD_HASH}\n`);
    await writeFile(join(directory, "config.yml"), configuration(settings, directory));
    await writeAccess(settings, directory);
    await cluster.daemon(machine.name, "registry", [await registryProgram(settings.cache), "serve", join(directory, "config.yml")]);
    await until(settings, "The registry", [machine.name, "registry"], () => answers(settings));
  },
  stop: async () => {},
};

/** JSON is YAML. Deletion is on: pruning is tested. */
function configuration(settings: Settings, directory: string): string {
  const { cert, key } = keyPair(settings, "registry");
  return JSON.stringify({
    version: 0.1,
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, "data") }, delete: { enabled: true } },
    auth: { htpasswd: { realm: "howdah test cluster", path: join(directory, "htpasswd") } },
    http: { addr: `${settings.registry.address}:5000`, tls: { certificate: cert, key }, secret: "one registry, nothing to share" },
  });
}

/** What clients need: `auth.json` with the password, and `certs.d/HOST:PORT/ca.crt`, where podman, buildah and skopeo look (--cert-dir). */
async function writeAccess(settings: Settings, directory: string): Promise<void> {
  const auth = Buffer.from(`${REGISTRY_USER}:${REGISTRY_PASSWORD}`).toString("base64");
  await writeFile(join(directory, "auth.json"), JSON.stringify({ auths: { [settings.registryHost]: { auth } } }), { mode: 0o600 });
  const certificates = join(directory, "certs.d", settings.registryHost);
  await mkdir(certificates, { recursive: true });
  await run(["cp", keyPair(settings, "ca").cert, join(certificates, "ca.crt")]);
}

async function answers(settings: Settings): Promise<boolean> {
  const url = `https://${settings.registryHost}/v2/`;
  const login = ["--user", `${REGISTRY_USER}:${REGISTRY_PASSWORD}`, "--cacert", keyPair(settings, "ca").cert];
  return (await run(["curl", "--silent", "--fail", "--max-time", "5", ...login, url], { accept: "any" })).code === 0;
}

/** Debian's program: the installed one, else unpacked from its package into the cache, since installing it would start a service. */
async function registryProgram(cache: string): Promise<string> {
  const unpacked = join(cache, "docker-registry");
  const inside = join(unpacked, "usr/bin/docker-registry");
  for (const program of ["/usr/bin/docker-registry", inside]) if (await exists(program)) return program;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "unpack-"));
  try {
    await run(["apt-get", "download", "--quiet", "docker-registry"], { cwd: work, timeoutMs: 300_000 });
    const [archive = ""] = (await readdir(work)).filter((name) => name.endsWith(".deb"));
    await run(["dpkg-deb", "--extract", join(work, archive), join(work, "root")]);
    await rename(join(work, "root"), unpacked);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return inside;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
