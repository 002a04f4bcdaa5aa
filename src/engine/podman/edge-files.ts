import { createHash } from "node:crypto";
import { chmod, chown, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";
import type { EdgeInput, EdgeListen, EdgeRoute } from "../../render/nginx/edge-input.ts";
import { type RouteWithoutTls, routesOf } from "./edge-routes.ts";
import { EDGE_INSIDE, EDGE_SCRATCH, EDGE_SCRATCH_BYTES, type EdgePorts, type EdgeSettings } from "./edge-ports.ts";
import { mountTmpfs } from "./pod-volumes.ts";
import { writeFileAtomically } from "./write-file.ts";

/** A rendered configuration and where it goes. */
export interface Prepared {
  readonly directory: string;
  readonly bind: string;
  readonly ports: readonly number[];
  /** On disk: nginx puts uploads there that are larger than its memory buffers. */
  readonly buffers: string;
  /** Where its memory file systems are mounted. */
  readonly memory: string;
  readonly text: string;
  readonly image: string;
  readonly capabilities: readonly string[];
}

/** Renders the configuration and puts the certificates in place, where only the edge's user reads them. */
export async function prepared(ports: EdgePorts, root: string, wanted: EdgeSettings): Promise<Prepared> {
  const directory = join(root, "conf");
  const buffers = join(root, "tmp");
  for (const own of [directory, buffers]) {
    await mkdir(own, { recursive: true, mode: 0o700 });
    await chmod(own, 0o700);
    await chown(own, RUN_AS, RUN_AS);
  }
  const memory = join(ports.runDir, "edge");
  for (const scratch of EDGE_SCRATCH) await mountTmpfs(ports, join(memory, scratch), EDGE_SCRATCH_BYTES, "0770");
  const { bind, httpPort, httpsPort } = wanted;
  const listen: EdgeListen = { bind, httpPort, ...(httpsPort === undefined ? {} : { httpsPort }) };
  const input: EdgeInput = { listen, routes: await routesWithTls(ports, directory) };
  const all = [httpPort, httpsPort].filter((port) => port !== undefined);
  const low = all.some((port) => port < 1024);
  return {
    directory,
    bind,
    ports: all,
    buffers,
    memory,
    text: ports.render(input),
    image: wanted.image,
    capabilities: low ? ["--cap-add=net_bind_service"] : [],
  };
}

async function routesWithTls(ports: EdgePorts, directory: string): Promise<EdgeRoute[]> {
  const marks = [...(await ports.marks.all()).values()];
  const routes: EdgeRoute[] = [];
  for (const namespace of await ports.store.namespaces()) {
    for (const route of routesOf(namespace, await ports.store.read(namespace), marks)) {
      const { tls, ...plain } = route;
      routes.push(tls === undefined ? plain : { ...plain, tls: await certificate(ports, directory, route, tls) });
    }
  }
  return routes;
}

async function certificate(
  ports: EdgePorts,
  directory: string,
  route: RouteWithoutTls,
  tls: string,
): Promise<NonNullable<EdgeRoute["tls"]>> {
  const pair = tls === "local" ? await localPair(ports, route.hostnames) : await secretPair(ports, route.namespace, tls);
  const name = createHash("sha256").update(`${pair.certificate}\0${pair.key}`).digest("hex").slice(0, 24);
  const write = (suffix: string, text: string): Promise<void> =>
    writeFileAtomically(join(directory, `${name}.${suffix}`), text, { mode: 0o400, uid: RUN_AS });
  await write("crt", pair.certificate);
  await write("key", pair.key);
  return { certificate: `${EDGE_INSIDE}/${name}.crt`, key: `${EDGE_INSIDE}/${name}.key` };
}

async function localPair(ports: EdgePorts, hostnames: readonly string[]): Promise<{ certificate: string; key: string }> {
  const paths = await ports.certificateFor(hostnames);
  return { certificate: await readFile(paths.certificate, "utf8"), key: await readFile(paths.key, "utf8") };
}

async function secretPair(ports: EdgePorts, namespace: string, name: string): Promise<{ certificate: string; key: string }> {
  const { data } = await ports.secrets.read(namespace, name);
  const [crt, key] = [data["tls.crt"], data["tls.key"]];
  if (crt === undefined || key === undefined) throw new HowdahError("config/rejected", `The secret "${name}" lacks tls.crt or tls.key`);
  return { certificate: crt.reveal(), key: key.reveal() };
}

/** Certificates that the configuration no longer names go; old workers have them open already. */
export async function removeStale(files: Prepared): Promise<void> {
  for (const name of await readdir(files.directory)) {
    if (/\.(crt|key)$/.test(name) && !files.text.includes(name)) await rm(join(files.directory, name), { force: true });
  }
}
