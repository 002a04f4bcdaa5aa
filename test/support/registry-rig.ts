import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/providers/process.ts";
import { debianPrograms } from "./debian-programs.ts";
import { type FaultProxy, faultProxy } from "./fault-proxy.ts";

/** Debian's docker-registry behind Debian's nginx with TLS of an own authority and a password, and a proxy before both that breaks things. */
export interface RegistryRig {
  /** `127.0.0.1:PORT` of the proxy: what clients are given. */
  readonly host: string;
  readonly proxy: FaultProxy;
  /** A home directory with `certs.d` for the registry and an auth file for it. */
  readonly home: string;
  readonly authFile: string;
  readonly user: string;
  readonly password: string;
  /** PEM texts of the authority and of a certificate for 127.0.0.1. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly directory: string;
  /** Starts another registry, without nginx, and answers its port; `extra` is its `auth:` section. */
  readonly registry: (extra?: string) => Promise<number>;
  /** Trusts the authority for one more `host:port`. */
  readonly trust: (host: string) => Promise<void>;
  readonly remove: () => Promise<void>;
}

export const REGISTRY_PASSWORD = "s3cret-of-the-registry";

/** Starts everything, on free ports of 127.0.0.1. Undefined where Debian's programs can't be had. */
export async function registryRig(): Promise<RegistryRig | undefined> {
  const installed = existsSync("/usr/bin/docker-registry") && existsSync("/usr/sbin/nginx");
  const programs = installed ? { root: "/", env: {}, remove: async () => {} } : await debianPrograms(["docker-registry", "nginx"]);
  if (programs === undefined) return undefined;
  const directory = await mkdtemp(join(tmpdir(), "howdah-registry-"));
  const children: ChildProcess[] = [];
  const start = async (argv: readonly string[], listensOn: number): Promise<void> => {
    const [program = "", ...rest] = argv;
    const child = spawn(program, rest, { env: { ...process.env, ...programs.env }, stdio: ["ignore", "ignore", "pipe"] });
    children.push(child);
    let said = "";
    child.stderr.on("data", (text: Buffer) => (said = (said + text.toString()).slice(-4000)));
    for (let tries = 0; !(await listens(listensOn)); tries += 1) {
      if (child.exitCode !== null || tries > 100) throw new Error(`${program} does not listen on ${String(listensOn)}: ${said}`);
      await sleep(100);
    }
  };
  const registry: RegistryRig["registry"] = async (extra = "") => {
    const at = await freePort();
    const root = join(directory, `registry-${String(at)}`);
    await mkdir(root, { recursive: true });
    const storage = `storage: {filesystem: {rootdirectory: ${root}}, delete: {enabled: true}}`;
    await writeFile(
      join(root, "config.yml"),
      `version: 0.1\nlog: {level: error}\n${storage}\nhttp: {addr: "127.0.0.1:${String(at)}"}\n${extra}`,
    );
    await start([join(programs.root, "usr/bin/docker-registry"), "serve", join(root, "config.yml")], at);
    return at;
  };
  const remove = async (): Promise<void> => {
    for (const child of children) {
      const force = setTimeout(() => child.kill("SIGKILL"), 3000);
      child.kill("SIGTERM"); // nginx takes its workers along, as SIGKILL would not
      if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once("exit", resolve));
      clearTimeout(force);
      child.stderr?.destroy();
    }
    await rm(directory, { recursive: true, force: true });
    await programs.remove();
  };
  try {
    const tls = await makeCertificates(directory);
    const upstream = await registry();
    const front = await freePort();
    const digest = (await run(["openssl", "passwd", "-apr1", REGISTRY_PASSWORD])).stdout.trim();
    await writeFile(join(directory, "htpasswd"), `pusher:${digest}\n`);
    await writeFile(join(directory, "nginx.conf"), nginxConfiguration(directory, front, upstream));
    await start([join(programs.root, "usr/sbin/nginx"), "-c", join(directory, "nginx.conf"), "-e", "stderr"], front);
    const proxy = await faultProxy(await freePort(), front, tls);
    const home = join(directory, "home");
    const authFile = join(home, ".config/containers/auth.json");
    const auth = Buffer.from(`pusher:${REGISTRY_PASSWORD}`).toString("base64");
    await mkdir(join(home, ".config/containers"), { recursive: true });
    await writeFile(authFile, JSON.stringify({ auths: { [proxy.host]: { auth } } }));
    const trust: RegistryRig["trust"] = async (host) => {
      await mkdir(join(home, ".config/containers/certs.d", host), { recursive: true });
      await writeFile(join(home, ".config/containers/certs.d", host, "ca.crt"), tls.ca);
    };
    await trust(proxy.host);
    const removeAll = async (): Promise<void> => {
      await proxy.down();
      await remove();
    };
    return {
      host: proxy.host,
      proxy,
      home,
      authFile,
      user: "pusher",
      password: REGISTRY_PASSWORD,
      tls,
      directory,
      registry,
      trust,
      remove: removeAll,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function nginxConfiguration(directory: string, port: number, upstream: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${directory}/tmp-${name};`);
  return `daemon off; user root; pid ${directory}/nginx.pid; error_log stderr error; worker_processes 1;
events {}
http {
  access_log off; ${temporary.join(" ")}
  server {
    listen 127.0.0.1:${String(port)} ssl;
    ssl_certificate ${directory}/server.crt; ssl_certificate_key ${directory}/server.key;
    client_max_body_size 0;
    location /v2/ {
      auth_basic registry; auth_basic_user_file ${directory}/htpasswd;
      proxy_pass http://127.0.0.1:${String(upstream)};
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`;
}

async function makeCertificates(directory: string): Promise<RegistryRig["tls"]> {
  const at = (name: string): string => join(directory, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await run([
    "openssl",
    "req",
    "-x509",
    ...key,
    "-days",
    "2",
    "-subj",
    "/CN=Test authority",
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.crt"),
  ]);
  await run(["openssl", "req", ...key, "-subj", "/CN=registry", "-keyout", at("server.key"), "-out", at("server.csr")]);
  await writeFile(at("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  const signed = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", at("names")];
  await run(["openssl", "x509", "-req", "-in", at("server.csr"), ...signed, "-out", at("server.crt")]);
  const [ca, cert, secret] = await Promise.all(["ca.crt", "server.crt", "server.key"].map((name) => readFile(at(name), "utf8")));
  return { ca: ca ?? "", cert: cert ?? "", key: secret ?? "" };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
