import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { connect, createWorkshop } from "../cluster/cluster.ts";
import { clusterEnvironment } from "../cluster/environment.ts";
import { settingsOf } from "../cluster/settings.ts";
import { type HowdahMachine, howdahMachine, type Said, whyNoMachine } from "../support/howdah-machine.ts";
import { httpAnswer, pageOf } from "../support/http-answer.ts";
import { pullSecret } from "../support/operator-rig.ts";
import { removeNamespaces } from "../support/test-cluster.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-install.test.ts is skipped: ${why}\n`);

const NAME = "t-installed";
const HOST = `${NAME}.howdah.test`;
/** Every kind of which an uninstall might take something that is data, or that serves. */
const KEPT = [
  ...["namespaces", "persistentvolumes", "customresourcedefinitions", "tenants.howdah.dev"],
  ...["persistentvolumeclaims", "secrets", "configmaps", "sites.howdah.dev", "environments.howdah.dev", "releases.howdah.dev"],
  ...["pods", "services", "httproutes.gateway.networking.k8s.io", "statefulsets"],
];

interface Installed {
  readonly image: string;
  readonly former: string | null;
}

interface Doctor {
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

// What people install: the package, its own image, and the rights as they are rendered.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("howdah install", () => {
  const settings = settingsOf();
  const known = clusterEnvironment(settings);
  const cluster = connect(createWorkshop(settings, () => undefined));
  const repository = `${settings.registryHost}/test/operator`;
  let machine: HowdahMachine;
  let program: string;
  let code: string;

  const kubectl = async (...argv: readonly string[]): Promise<string> => (await cluster.kubectl(argv)).stdout;
  const howdah = async (...argv: readonly string[]): Promise<Said> => {
    const { code: exit, stdout, stderr } = await run([process.execPath, program, ...argv], { env: machine.environment, accept: "any" });
    return { code: exit, stdout, stderr };
  };
  const answer = async <T>(...argv: readonly string[]): Promise<T> => {
    const said = await howdah(...argv, "--output", "json");
    if (said.code !== 0) throw new Error(`howdah ${argv.join(" ")} ended with ${String(said.code)}\n${said.stdout}\n${said.stderr}`);
    return JSON.parse(said.stdout) as T;
  };
  const doctor = async (): Promise<Record<string, boolean>> => {
    const { stdout } = await howdah("doctor", "--context", ".", "--output", "json");
    return Object.fromEntries((JSON.parse(stdout) as Doctor).checks.map(({ name, ok }) => [name, ok]));
  };
  const page = (): Promise<string> => pageOf(httpAnswer({ address: settings.nodes[0]?.address ?? "", port: 80 }, HOST, "/"));
  const deploy = (): Promise<object> => answer("deploy", code, "--context", ".", "--to", `${settings.registryHost}/test/${NAME}`);
  const what = (path: string): Promise<string> =>
    kubectl("get", "deployment/howdah-operator", "--namespace=howdah-system", `--output=jsonpath=${path}`);
  /** Objects that stay, as `KIND/NAMESPACE/NAME/UID`: all of the site's and of howdah-system but the operator's own. */
  const kept = async (): Promise<readonly string[]> => {
    const each = "{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name}/{.metadata.uid}{'\\n'}{end}";
    const lists = await Promise.all(KEPT.map((kind) => kubectl("get", kind, "--all-namespaces", `--output=jsonpath=${each}`)));
    const ours = (line: string): boolean => [NAME, "howdah-system", ""].includes(line.split("/")[1] ?? "");
    return lists
      .join("")
      .split("\n")
      .filter((line) => line !== "" && ours(line) && !line.includes("/howdah-operator"))
      .sort();
  };

  beforeAll(async () => {
    machine = await howdahMachine("inst", 18_776, {
      KUBECONFIG: cluster.kubeconfig,
      REGISTRY_AUTH_FILE: known["HOWDAH_CLUSTER_REGISTRY_AUTH"] ?? "",
      SSL_CERT_FILE: known["HOWDAH_CLUSTER_CA"] ?? "",
    });
    // As npm installs it: without sources, so that the bundle is what runs here and in the image.
    const installed = join(machine.directory, "package");
    program = join(installed, "bin/howdah");
    await run([process.execPath, "scripts/bundle.ts", join(installed, "dist")]);
    for (const part of ["bin", "package.json"]) await cp(part, join(installed, part), { recursive: true });
    code = join(machine.directory, "site");
    await mkdir(join(code, "public"), { recursive: true });
    await writeFile(join(code, "public/index.html"), "one");
    await writeFile(
      join(code, "howdah.yaml"),
      `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: { name: ${NAME} }\nspec:\n  web: { root: public }\n  hostnames: [${HOST}]\n`,
    );
  });
  afterAll(async () => {
    await howdah("uninstall", "--context", ".");
    await kubectl("delete", "tenant", NAME, "--ignore-not-found", "--wait=false");
    // Nobody is there to take the environment down.
    const released = '--patch={"metadata":{"finalizers":null}}';
    await kubectl("patch", "environment", "production", `--namespace=${NAME}`, "--type=merge", released).catch(() => "not there");
    await kubectl("patch", "tenant", NAME, "--type=merge", released).catch(() => "not there");
    await removeNamespaces(cluster, NAME);
    expect(await machine.remove()).toEqual([]);
  });

  it("has an image that a lock file pins: made twice it is the same", async () => {
    const image = (name: string): Promise<{ digest: string }> =>
      answer("operator", "image", "--lock", join(machine.directory, "operator.lock"), "--archive", join(machine.directory, name));
    expect((await image("one.tar")).digest).toBe((await image("two.tar")).digest);
    expect(await readFile(join(machine.directory, "operator.lock"), "utf8")).toContain('"name":"libc6"');
  });

  it("names what is missing before it makes or writes anything", async () => {
    const said = await howdah("install", "--context", ".", "--to", repository, "--pull-secret", "not-there");
    expect(said.code).not.toBe(0);
    expect(said.stderr).toContain("There is no Secret howdah-system/not-there");
    expect(said.stderr).not.toContain("Push to");
    const gateway = await howdah("install", "--context", ".", "--to", repository, "--gateway", "gateway/not-there");
    expect(gateway.stderr).toContain("There is no Gateway gateway/not-there");
  });

  it("puts the operator into the cluster, which doctor then finds at work", async () => {
    await kubectl("create", "namespace", "howdah-system").catch(() => "is there");
    await pullSecret(machine, kubectl, settings.registryHost, known);
    const flags = ["--gateway", "gateway/howdah", "--http-listener", "http", "--https-listener", "https", "--trust", "10.99.0.0/16"];
    const { image } = await answer<Installed>("install", "--context", ".", "--to", repository, "--pull-secret", "registry", ...flags);
    expect(image).toMatch(new RegExp(`^${repository}@sha256:[0-9a-f]{64}$`));
    expect(await what("{.status.availableReplicas}")).toBe("2");
    await expect
      .poll(doctor, { timeout: 180_000 })
      .toMatchObject({ "api server": true, definitions: true, operator: true, lease: true, "way in": true });
    const holder = ["get", "lease/howdah-operator", "--namespace=howdah-system", "--output=jsonpath={.spec.holderIdentity}"];
    await expect.poll(() => kubectl(...holder), { timeout: 180_000 }).toMatch(/^howdah-operator-/); // a pod, none of another test's
  });

  it("has a program without a shell, which can't write to its own root", async () => {
    const shell = await cluster.kubectl(
      ["exec", "--namespace=howdah-system", "deployment/howdah-operator", "--", "/bin/sh", "-c", "true"],
      { accept: "any" },
    );
    expect(shell.code).not.toBe(0);
    const node = [
      "/usr/bin/node",
      "-e",
      "console.log(process.getuid()); try { fs.writeFileSync('/a', '') } catch (error) { console.log(error.code) }",
    ];
    expect((await kubectl("exec", "--namespace=howdah-system", "deployment/howdah-operator", "--", ...node)).split("\n")).toEqual([
      "50000",
      "EROFS",
      "",
    ]);
  });

  it("serves a site with the rights that it is given", async () => {
    expect(await deploy()).toMatchObject({ release: "r1", url: `http://${HOST}` });
    await expect.poll(page, { timeout: 180_000 }).toBe("one");
    const logs = await kubectl("logs", "--namespace=howdah-system", "--selector=app.kubernetes.io/name=howdah-operator", "--tail=-1");
    expect(logs.split("\n").filter((line) => line.includes("cluster/forbidden"))).toEqual([]);
  });

  it("upgrades: the same program is the same image, what was chosen stays, other settings start other pods", async () => {
    const before = await what("{.spec.template.spec.containers[0].image}");
    const pods = await what("{.metadata.generation}");
    const upgraded = await answer<Installed>("upgrade", "--context", ".", "--monitoring", "observability");
    expect(upgraded).toMatchObject({ image: before, former: before });
    expect(await what("{.metadata.generation}")).not.toBe(pods);
    const map = await kubectl("get", "configmap/howdah-settings", "--namespace=howdah-system", "--output=jsonpath={.data.settings}");
    expect(JSON.parse(map)).toMatchObject({ wayIn: { name: "howdah", https: "https" }, network: { monitoring: ["observability"] } });
    expect(
      await kubectl("get", "serviceaccount/howdah-operator", "--namespace=howdah-system", "--output=jsonpath={.imagePullSecrets[*].name}"),
    ).toBe("registry");
    expect(await page()).toBe("one");
  });

  it("uninstalls the operator and nothing else: the site serves on, and the next install goes on with it", async () => {
    await expect.poll(async () => (await doctor())["sites"], { timeout: 180_000 }).toBe(true);
    const before = await kept();
    const { deleted } = await answer<{ deleted: readonly string[] }>("uninstall", "--context", ".");
    expect(deleted).toContain("Deployment/howdah-operator");
    expect(await kept()).toEqual(before);
    expect(before.join(" ")).toContain(`Release/${NAME}/r1`);
    expect(await page()).toBe("one");
    expect(await doctor()).toMatchObject({ definitions: true, operator: false });
    await expect.poll(doctor, { timeout: 60_000 }).toMatchObject({ lease: false }); // of a pod that was killed it runs out
    expect((await howdah("uninstall", "--context", ".")).stdout).toBe("There was no operator.\n");
  });
});
