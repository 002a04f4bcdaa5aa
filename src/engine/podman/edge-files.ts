import { createHash } from "node:crypto";
import { chmod, chown, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";
import type { EdgeInput, EdgeListen, EdgeRoute } from "../../render/nginx/edge-input.ts";
import { type CertificatePair, usableCertificate } from "./edge-certificate.ts";
import { EDGE_INSIDE, EDGE_SCRATCH, EDGE_SCRATCH_BYTES, type EdgePorts, type EdgeSettings } from "./edge-ports.ts";
import { routesOf } from "./edge-routes.ts";
import { mountTmpfs } from "./pod-volumes.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

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
  /** Sites that were left out, and why. */
  readonly problems: readonly string[];
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
  const { routes, problems } = await routesWithTls(ports, directory);
  const input: EdgeInput = { listen, routes };
  const all = [httpPort, httpsPort].filter((port) => port !== undefined);
  const low = all.some((port) => port < 1024);
  return {
    directory,
    bind,
    ports: all,
    buffers,
    memory,
    text: ports.render(input),
    problems,
    image: wanted.image,
    capabilities: low ? ["--cap-add=net_bind_service"] : [],
  };
}

/** A site whose certificate is unusable is left out alone: no backends, so plain HTTP answers 503 and never serves what asked for TLS. */
async function routesWithTls(ports: EdgePorts, directory: string): Promise<{ routes: EdgeRoute[]; problems: string[] }> {
  const marks = [...(await ports.marks.all()).values()];
  const routes: EdgeRoute[] = [];
  const problems: string[] = [];
  for (const namespace of await ports.store.namespaces()) {
    for (const route of routesOf(namespace, await ports.store.read(namespace), marks)) {
      const { tls, ...plain } = route;
      try {
        routes.push(
          tls === undefined ? plain : { ...plain, tls: await placed(directory, await usableCertificate(ports, { ...plain, tls })) },
        );
      } catch (error) {
        if (error instanceof HowdahError && error.code === "machine/disk-full") throw error;
        routes.push({ ...plain, backends: [] });
        problems.push(`${namespace}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return { routes, problems };
}

/** Files are named by their content, so one that is there is the same: writing (and fsync) happens only for new ones. */
async function placed(directory: string, pair: CertificatePair): Promise<NonNullable<EdgeRoute["tls"]>> {
  const name = createHash("sha256").update(`${pair.certificate}\0${pair.key}`).digest("hex").slice(0, 24);
  const write = async (suffix: string, text: string): Promise<void> => {
    const path = join(directory, `${name}.${suffix}`);
    if ((await readFile(path, "utf8").catch(() => undefined)) === text) return;
    await writeAtomically(path, text, { mode: 0o400, uid: RUN_AS });
  };
  await write("crt", pair.certificate);
  await write("key", pair.key);
  return { certificate: `${EDGE_INSIDE}/${name}.crt`, key: `${EDGE_INSIDE}/${name}.key` };
}

/** Certificates that the configuration no longer names go; old workers have them open already. */
export async function removeStale(files: Prepared): Promise<void> {
  for (const name of await readdir(files.directory)) {
    if (/\.(crt|key)$/.test(name) && !files.text.includes(name)) await rm(join(files.directory, name), { force: true });
  }
}
