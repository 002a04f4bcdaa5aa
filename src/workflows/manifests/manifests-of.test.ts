import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Ports } from "../ports.ts";
import { checkSite } from "../../site/check-site.ts";
import { parseSite } from "../../site/parse-site.ts";
import type { Site } from "../../site/site.ts";
import { type Manifests, type ManifestsFlags, manifestsOf } from "./manifests-of.ts";
import { printManifests, secretLines } from "./print-manifests.ts";

const DIGEST = `sha256:${"1".repeat(64)}`;
const images = { imageWeb: `r.example.org/blog/web@${DIGEST}`, imagePhp: `r.example.org/blog/php@${DIGEST}` };
const database = "mysql://blog@db.data.svc:3306/blog";
const none: ManifestsFlags = {
  ingressAnnotation: [],
  readWriteOnce: false,
  from: [],
  monitoring: [],
  privateNetwork: [],
  trust: [],
  clusterDomain: "cluster.local",
  withNamespace: true,
};

function siteOf(text: string): Site {
  const { site, diagnostics } = checkSite(parseSite(text), { environment: "production" });
  if (site === undefined) throw new Error(JSON.stringify(diagnostics));
  return site;
}
const example = (name: string): Site => siteOf(readFileSync(`examples/${name}.yaml`, "utf8"));
const spec = (fields: object): Site =>
  siteOf(JSON.stringify({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "blog" }, spec: fields }));

const asked: string[] = [];
const registry = {
  resolve: (reference: { readonly path: string; readonly tag: string | undefined }) => {
    asked.push(`${reference.path}:${String(reference.tag)}`);
    return Promise.resolve(`sha256:${"2".repeat(64)}`);
  },
};
const ports = () => Promise.resolve({ registry } as unknown as Pick<Ports, "registry" | "secrets">);
const context = { emit: () => undefined, signal: new AbortController().signal };
const manifests = (site: Site, flags: Partial<ManifestsFlags> = {}): Promise<Manifests> =>
  manifestsOf(site, { ...none, ...images, ...flags }, ports, context);
const keys = ({ objects }: Manifests): readonly string[] => objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
const yamlOf = ({ objects, secrets }: Manifests): string => printManifests(objects, secrets, { format: "yaml", title: "blog" });

/** Every word that a reader of YAML 1.1 takes for something else, where a site file may say it. */
const treacherous = [
  "yes",
  "NO",
  "on",
  "off",
  "y",
  "n",
  "null",
  "~",
  "1e3",
  "0x1F",
  "012",
  "1_000",
  "1:30",
  "2026-11-21",
  ".5",
  "=",
  "<<",
  "- a",
  "# b",
  "@c",
  "",
];

describe("manifestsOf", () => {
  it("has a server of sessions for pods that share nothing, with the Secret that somebody must make", async () => {
    const site = spec({ runtime: { php: "8.4" }, scale: { replicas: 2 } });
    const found = await manifests(site, { imageSessions: `r.example.org/blog/sessions@${DIGEST}` });
    expect(keys(found)).toContain("StatefulSet/sessions");
    expect(found.secrets.map(({ name, keys: wanted }) => [name, ...wanted.map(({ key }) => key)])).toEqual([
      ["session-server", "password", "users.acl"],
    ]);
    const without = await manifests(site);
    expect(keys(without)).not.toContain("StatefulSet/sessions");
    expect(without.notices.join()).toContain("--image-sessions");
    await expect(manifests(spec({ runtime: { php: "8.4" } }), { imageSessions: "x" })).rejects.toThrow("no --image-sessions");
  });

  it("prints a whole site in an order that can be applied at once", async () => {
    const found = keys(await manifests(example("wordpress"), { database, gateway: "gateway/public", pullSecret: "registry" }));
    expect(found.slice(0, 4)).toEqual([
      "Namespace/blog",
      "ServiceAccount/default",
      "NetworkPolicy/default-deny",
      "NetworkPolicy/allow-dns",
    ]);
    expect(found.at(-1)).toMatch(/^CronJob\/cron-/);
    expect(found.indexOf("Deployment/web")).toBeGreaterThan(found.findIndex((key) => key.startsWith("PersistentVolumeClaim/")));
  });

  it("is read by YAML 1.1, which kubectl reads, as it was meant", async () => {
    const site = spec({ runtime: { php: "8.4" }, variables: Object.fromEntries(treacherous.map((word, index) => [`V${index}`, word])) });
    const found = await manifests(site, {
      ingressClass: "",
      ingressAnnotation: treacherous.map((word, index) => `example.org/v${index}=${word}`),
    });
    const read = parseAllDocuments(yamlOf(found), { version: "1.1" });
    expect(read.map((document) => (document as { toJS(): unknown }).toJS())).toEqual(JSON.parse(JSON.stringify(found.objects)));
  });

  it("prints one List for programs", async () => {
    const { objects, secrets } = await manifests(example("static"));
    expect(JSON.parse(printManifests(objects, secrets, { format: "json", title: "" }))).toMatchObject({
      apiVersion: "v1",
      kind: "List",
      items: objects,
    });
  });

  it("names the Secrets that must exist, with their keys, and prints no value", async () => {
    const found = await manifests(example("wordpress"), { database });
    expect(found.secrets.map(({ name, keys }) => `${name} ${keys.map(({ key }) => key).join(",")}`)).toContain("database password");
    expect(found.objects.some(({ kind }) => kind === "Secret")).toBe(false);
    expect(secretLines(found.secrets, found.objects).join("\n")).toContain(
      "kubectl --namespace blog create secret generic database --from-file=password=FILE",
    );
    expect(yamlOf(found)).toContain("#     password: the database user's password\n");
  });

  it("names images by digest, whatever they were called", async () => {
    const found = await manifests(
      { ...example("minimal"), image: { repository: "r.example.org/blog", secret: null } },
      { imageWeb: undefined as never, imagePhp: undefined as never, tag: "v1" },
    );
    expect(asked).toEqual(["blog/web:v1", "blog/php:v1"]);
    expect(JSON.stringify(found.objects)).toContain(`r.example.org/blog/php@sha256:${"2".repeat(64)}`);
  });

  it("has the first pod of new code migrate, since nobody else would", async () => {
    const found = await manifests(spec({ runtime: { php: "8.4" }, database: {}, hooks: { migrate: "php migrate.php" } }), { database });
    expect(JSON.stringify(found.objects)).toContain(String.raw`\"by\": \"start\"`);
    expect(found.notices.join(" ")).toContain("back the database up");
  });

  it("gives crons five fields that Kubernetes reads, and another pod each", async () => {
    const found = await manifests(
      spec({ runtime: { php: "8.4" }, crons: { tidy: { schedule: "@daily", command: "php tidy.php", missed: "skip" } } }),
    );
    const job = found.objects.find(({ kind }) => kind === "CronJob");
    expect(job?.["spec"]).toMatchObject({
      schedule: expect.stringMatching(/^\d+ \d+ \* \* \*$/),
      concurrencyPolicy: "Forbid",
      timeZone: "UTC",
    });
    expect(JSON.stringify(job)).toContain('"args":["run","--","php","tidy.php"]');
    expect(JSON.stringify(job)).toContain('"restartPolicy":"Never"');
  });

  it.each<[string, Site, Partial<ManifestsFlags>, string]>([
    ["no images", example("minimal"), { imageWeb: undefined as never }, "Which images?"],
    [
      "a tag without a repository",
      example("minimal"),
      { imageWeb: undefined as never, imagePhp: undefined as never, tag: "v1" },
      "no spec.image.repository",
    ],
    ["no database", example("wordpress"), {}, "--database says where it is"],
    ["a password on the command line", example("wordpress"), { database: "mysql://blog:hunter2@db/blog" }, "takes no password"],
    ["apart without a name server", { ...example("minimal"), topology: "apart" }, {}, "--name-server"],
    ["two ways in", example("minimal"), { gateway: "a/b", service: "NodePort" }, "One of"],
    ["a Gateway without its namespace", example("minimal"), { gateway: "public" }, "NAMESPACE/NAME"],
    ["a namespace that is none", example("minimal"), { namespace: "A B" }, "--namespace"],
    ["a version that nobody tried", example("minimal"), { kubernetes: "1.12" }, "1.29 to 1.36"],
    ["a path in the address", example("minimal"), { url: "https://example.org/blog" }, "--url"],
    ["no network", example("minimal"), { trust: ["everything"] }, "--trust"],
  ])("refuses %s before it asks a registry", async (_name, site, flags, words) => {
    const before = asked.length;
    const failure = await manifests(site, flags).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HowdahError);
    expect((failure as HowdahError).message).toContain(words);
    expect((failure as HowdahError).message).not.toContain("hunter2");
    expect(asked.length).toBe(before);
  });
});
