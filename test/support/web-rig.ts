import { type ChildProcess, spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { renderEdge } from "../../src/render/nginx/render-edge-config.ts";
import { renderNginxFiles } from "../../src/render/nginx/render-nginx-files.ts";
import type { Site } from "../../src/site/site.ts";
import type { DebianPrograms } from "./debian-programs.ts";

/** Loopback addresses that play the parts: the whole of 127/8 is this machine. */
export const addresses = { edge: "127.0.0.1", stranger: "127.0.0.66" } as const;

export interface Answer {
  readonly status: number;
  /** Decompressed. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  /** Which address the client has. */
  readonly from?: string;
  /** Ask the edge instead of the site's own nginx. */
  readonly throughEdge?: boolean;
  /** Ask another port of this machine. */
  readonly port?: number;
}

/** nginx and PHP-FPM of one site, and an edge before them, as processes of this machine. */
export interface WebRig {
  ask(path: string, how?: Ask): Promise<Answer>;
  status(path: string): Promise<Answer>;
  /** The directory that is /srv/web in the rendered configuration. */
  readonly code: string;
  /** Lines of the site's access log so far. */
  accessLog(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Signals the site's nginx; waits for its end when `SIGQUIT`. */
  signalNginx(signal: "SIGHUP" | "SIGQUIT"): Promise<void>;
  /** The site's nginx. */
  readonly port: number;
  /** The port of nginx' listener for itself. */
  readonly innerPort: number;
  stop(): Promise<void>;
}

/** uid of the test's PHP and nginx workers, other than the owner of the code. */
const NOBODY = 65_534;

/** Starts a site's rendered configuration on real programs; only paths and ports are put in their places of this machine. */
export async function startWebRig(programs: DebianPrograms, site: Site, files: Readonly<Record<string, string>>): Promise<WebRig> {
  const base = await mkdtemp(join(tmpdir(), "howdah-rig-"));
  await chmod(base, 0o755);
  const code = join(base, "code");
  await mkdir(code, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(code, path)), { recursive: true });
    await writeFile(join(code, path), text);
  }
  for (const mount of site.mounts) await mkdir(join(code, mount.path), { recursive: true });
  for (const mount of site.mounts) await chown(join(code, mount.path), NOBODY, NOBODY);
  const [http, status, edge, inner] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const processes: ChildProcess[] = [];
  const log: string[] = [];
  const start = (command: string, args: readonly string[]): ChildProcess => {
    const child = spawn(join(programs.root, command), args, { env: { ...programs.env }, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout?.on("data", (chunk: Buffer) => log.push(chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => log.push(chunk.toString()));
    processes.push(child);
    return child;
  };
  const place = (text: string): string =>
    text
      .replaceAll("/usr/lib/nginx/modules", join(programs.root, "usr/lib/nginx/modules"))
      .replaceAll("/srv/web", code)
      .replaceAll(/(pid |_path |unix:)"?\/(run|tmp)\//g, `$1${base}/`)
      .replaceAll("/dev/stdout", join(base, "access.log"))
      .replace(/worker_processes \d+/, "worker_processes 1")
      .replaceAll(/listen 8080/g, `listen ${http}`)
      .replaceAll(/listen 8081/g, `listen ${status}`)
      .replaceAll("127.0.0.1:8079", `127.0.0.1:${inner}`);

  const facts = {
    trustedProxies: [addresses.edge],
    phpUpstream: { kind: "unix", socket: "/run/php.sock" },
    statusUpstream: { kind: "unix", socket: "/run/status.sock" },
  } as const;
  await writeFile(join(base, "site.conf"), place(renderNginxFiles(site, facts)["nginx.conf"] ?? ""));
  const listen = { bind: "127.0.0.1", httpPort: edge };
  const backends = [{ address: "127.0.0.1", port: http }];
  const edgeText = renderEdge({
    listen,
    routes: [
      { namespace: "demo", name: "web", hostnames: site.hostnames, backends },
      { namespace: "starting", name: "web", hostnames: ["starting.localhost"], backends: [] },
      // Nobody listens on port 1: the first is dead, the second serves.
      { namespace: "half", name: "web", hostnames: ["half.localhost"], backends: [{ address: "127.0.0.1", port: 1 }, ...backends] },
      { namespace: "dead", name: "web", hostnames: ["dead.localhost"], backends: [{ address: "127.0.0.1", port: 1 }] },
    ],
  });
  await writeFile(
    join(base, "edge.conf"),
    place(edgeText)
      .replace(`pid ${base}/nginx.pid`, `pid ${base}/edge.pid`)
      .replaceAll(`${base}/nginx-`, `${base}/edge-`)
      .replaceAll(`${base}/access.log`, `${base}/edge-access.log`),
  );
  await writeFile(join(base, "fpm.conf"), fpmConfig(base));
  if (site.runtime !== null) start("usr/sbin/php-fpm8.2", ["-n", "-F", "-R", "-y", join(base, "fpm.conf")]);
  const nginx = start("usr/sbin/nginx", ["-e", "stderr", "-c", join(base, "site.conf")]);
  start("usr/sbin/nginx", ["-e", "stderr", "-c", join(base, "edge.conf")]);

  const rig: WebRig = {
    code,
    port: http,
    innerPort: inner,
    accessLog: async () =>
      (await readFile(join(base, "access.log"), "utf8"))
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    signalNginx: async (signal) => {
      const ended = signal === "SIGQUIT" ? new Promise((resolve) => nginx.once("exit", resolve)) : undefined;
      nginx.kill(signal);
      await ended;
    },
    ask: (path, how = {}) => ask(path, how.port ?? (how.throughEdge === true ? edge : http), how, site.hostnames[0] ?? ""),
    status: (path) => ask(path, status, {}, "status"),
    stop: async () => {
      const ended = processes.map(
        (child) => new Promise((resolve) => (child.exitCode === null ? child.once("exit", resolve) : resolve(0))),
      );
      for (const child of processes) child.kill("SIGTERM");
      await Promise.all(ended);
      await rm(base, { recursive: true, force: true });
    },
  };
  await ready(rig, site).catch(async (error: unknown) => {
    await rig.stop();
    throw new Error(`The rig did not start: ${log.join("").slice(0, 1500)}`, { cause: error });
  });
  return rig;
}

function fpmConfig(base: string): string {
  return [
    "[global]",
    "daemonize=no",
    // Not /proc/self/fd/2: Node gives processes sockets, which have no path to open.
    `error_log=${base}/fpm.log`,
    "[www]",
    `listen=${base}/php.sock`,
    "listen.mode=0666",
    "user=nobody",
    "group=nogroup",
    "pm=static",
    "pm.max_children=2",
    "ping.path=/-/fpm-ping",
    `pm.status_path=/-/fpm-status`,
    `pm.status_listen=${base}/status.sock`,
    "security.limit_extensions=.php",
    "",
  ].join("\n");
}

async function ready(rig: WebRig, site: Site): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const path = site.runtime === null ? "/-/live" : "/-/ready";
    const answer = await rig.status(path).catch(() => undefined);
    const edge = await rig.ask("/", { throughEdge: true }).catch(() => undefined);
    if (answer?.status === 200 && edge !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("not ready");
}

function ask(path: string, port: number, how: Ask, host: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      path,
      method: how.method ?? "GET",
      headers: { host, ...how.headers },
      localAddress: how.from ?? addresses.edge,
      agent: false,
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: plain(Buffer.concat(chunks)), headers: response.headers }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** What a browser would show: gzip is recognized by its first bytes. */
function plain(bytes: Buffer): string {
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString();
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
