import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";
import type { Settings } from "./settings.ts";

/** Test clusters live for hours; a year leaves room for one that is forgotten. */
const DAYS = "365";

/** Files of a certificate and its key. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Where a key pair lies in the run directory. */
export function keyPair(settings: Settings, name: string): KeyPair {
  return { cert: join(settings.directory, "pki", `${name}.crt`), key: join(settings.directory, "pki", `${name}.key`) };
}

/** Who a certificate is for: `organization` is what Kubernetes takes for a group, `names` are addresses and host names of a server. */
export interface Subject {
  readonly file: string;
  readonly authority: "ca" | "front-proxy-ca";
  readonly name: string;
  readonly organization?: string;
  readonly names?: readonly string[];
}

/** Makes all certificates that a cluster needs, once for a run directory: one authority for everybody, one for aggregated APIs. */
export async function makeCertificates(settings: Settings): Promise<void> {
  const done = join(settings.directory, "pki/complete");
  if (await exists(done)) return;
  await mkdir(join(settings.directory, "pki"), { recursive: true, mode: 0o700 });
  await makeAuthority(settings, "ca", `howdah test cluster ${String(settings.number)}`);
  await makeAuthority(settings, "front-proxy-ca", "front proxy");
  await run(["openssl", "genrsa", "-out", keyPair(settings, "service-account").key, "2048"]);
  await run(["openssl", "rsa", "-in", keyPair(settings, "service-account").key, "-pubout", "-out", serviceAccountPublicKey(settings)]);
  for (const subject of subjects(settings)) await makeCertificate(settings, subject);
  await writeFile(done, "");
}

/** The key with which service account tokens are checked. */
export function serviceAccountPublicKey(settings: Settings): string {
  return join(settings.directory, "pki/service-account.pub");
}

/** Writes a kubeconfig that shows the certificate of `name`; answers its path. */
export async function writeKubeconfig(settings: Settings, name: string, file = `${name}.kubeconfig`): Promise<string> {
  const { cert, key } = keyPair(settings, name);
  const data = async (path: string): Promise<string> => (await readFile(path)).toString("base64");
  const context = "howdah-test";
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: context, cluster: { server: settings.apiServer, "certificate-authority-data": await data(keyPair(settings, "ca").cert) } },
    ],
    users: [{ name, user: { "client-certificate-data": await data(cert), "client-key-data": await data(key) } }],
    contexts: [{ name: context, context: { cluster: context, user: name } }],
    "current-context": context,
  };
  const path = join(settings.directory, file);
  await writeFile(path, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  return path;
}

function subjects(settings: Settings): readonly Subject[] {
  const services = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"];
  return [
    {
      file: "apiserver",
      authority: "ca",
      name: "kube-apiserver",
      names: [...services, settings.control.address, settings.apiService, "127.0.0.1"],
    },
    { file: "apiserver-kubelet", authority: "ca", name: "kube-apiserver-kubelet-client", organization: "system:masters" },
    { file: "front-proxy", authority: "front-proxy-ca", name: "front-proxy-client" },
    { file: "admin", authority: "ca", name: "kubernetes-admin", organization: "system:masters" },
    { file: "controller-manager", authority: "ca", name: "system:kube-controller-manager" },
    { file: "scheduler", authority: "ca", name: "system:kube-scheduler" },
    { file: "proxy", authority: "ca", name: "system:kube-proxy" },
    { file: "registry", authority: "ca", name: "registry", names: [settings.registry.address, "127.0.0.1"] },
    ...settings.nodes.flatMap(({ name, address }): Subject[] => [
      { file: name, authority: "ca", name: `system:node:${name}`, organization: "system:nodes" },
      { file: `${name}-serving`, authority: "ca", name: `system:node:${name}`, organization: "system:nodes", names: [name, address] },
    ]),
  ];
}

/** The key pair of a server that an add-on brings, signed by the cluster's authority; made at the first call. */
export async function certificateOf(settings: Settings, subject: Subject): Promise<KeyPair> {
  const pair = keyPair(settings, subject.file);
  if (!(await exists(pair.cert))) await makeCertificate(settings, subject);
  return pair;
}

async function makeAuthority(settings: Settings, file: string, name: string): Promise<void> {
  const { cert, key } = keyPair(settings, file);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await run(["openssl", "req", "-x509", ...newKey, "-days", DAYS, "-subj", `/CN=${name}`, "-keyout", key, "-out", cert]);
}

async function makeCertificate(settings: Settings, { file, authority, name, organization, names = [] }: Subject): Promise<void> {
  const { cert, key } = keyPair(settings, file);
  const request = join(settings.directory, "pki", `${file}.csr`);
  const extensions = join(settings.directory, "pki", `${file}.ext`);
  const subject = `${organization === undefined ? "" : `/O=${organization}`}/CN=${name}`;
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await run(["openssl", "req", ...newKey, "-subj", subject, "-keyout", key, "-out", request]);
  const alternatives = names.map((one) => (/^[\d.]+$/.test(one) ? `IP:${one}` : `DNS:${one}`)).join(",");
  const lines = ["extendedKeyUsage=clientAuth,serverAuth", ...(names.length === 0 ? [] : [`subjectAltName=${alternatives}`])];
  await writeFile(extensions, `${lines.join("\n")}\n`);
  const signer = keyPair(settings, authority);
  const signing = ["-CA", signer.cert, "-CAkey", signer.key, "-CAcreateserial", "-days", DAYS, "-extfile", extensions];
  await run(["openssl", "x509", "-req", "-in", request, ...signing, "-out", cert]);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
