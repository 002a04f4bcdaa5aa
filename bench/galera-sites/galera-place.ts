import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { settingsOf } from "../../test/cluster/settings.ts";
import { type OperatorRig, operatorRig } from "../../test/support/operator-rig.ts";

const PORT = 18_912;
const SYSTEM = "--namespace=howdah-system";
const WAIT_MS = 400_000;

/** An application that is tried: Debian's packages, and where its code lies in them. */
export interface Application {
  readonly name: "wordpress" | "mediawiki";
  readonly packages: readonly string[];
}

/** A site that is served. */
export interface PlacedSite {
  readonly name: Application["name"];
  readonly namespace: string;
  readonly host: string;
  readonly credentials: { readonly user: string; readonly password: string };
}

/** Three nodes of MariaDB behind HAProxy on the test cluster, and sites on them by what `init` writes for their code. */
export class GaleraPlace {
  readonly name: string;
  readonly rig: OperatorRig;

  private constructor(rig: OperatorRig) {
    this.rig = rig;
    this.name = `b-galera-${randomBytes(3).toString("hex")}`;
  }

  /** Makes the images, the server and its routers, and waits until all nodes are members. The operator runs from this checkout. */
  static async make(version: string): Promise<GaleraPlace> {
    const place = new GaleraPlace(await operatorRig("bgs", PORT));
    await place.#serve(version).catch(async (error: unknown) => {
      await place.remove();
      throw error;
    });
    return place;
  }

  async #serve(version: string): Promise<void> {
    const { rig, name } = this;
    const image = async (part: string): Promise<string> => {
      const { stdout } = await rig.ok(
        ...["operator", "database-image", part, "--mariadb", version],
        ...["--to", `${rig.registry}/test/${part}`],
      );
      return stdout.trim();
    };
    const galera = { image: await image("galera"), router: { image: await image("haproxy") } };
    const spec = { kind: "galera", version, memory: "512Mi", storage: "1Gi", galera };
    const file = join(rig.directory, "server.json");
    await writeFile(file, JSON.stringify({ apiVersion: "howdah.dev/v1alpha1", kind: "DatabaseServer", metadata: { name }, spec }));
    await rig.kubectl("apply", `--filename=${file}`);
    await rig.operator();
    await this.untilHealthy();
  }

  /** A site from a copy of Debian's tree and the very file that `init` writes for it, but for the server that it names and its two pods. */
  async site({ name, packages }: Application): Promise<PlacedSite> {
    const { rig } = this;
    const namespace = `${this.name}-${name === "wordpress" ? "wp" : "mw"}`;
    const code = join(await rig.app("trixie", ...packages), "usr/share", name);
    await rig.ok("init", code, "--yes");
    const file = join(code, "howdah.yaml");
    const text = await readFile(file, "utf8");
    const changed = text.replace("database: {}", `database: { server: ${this.name} }`);
    if (changed === text) throw new Error(`the site file of ${name} has no database`);
    await writeFile(file, `${changed.trimEnd()}\n  scale: { replicas: 2 }\n`);
    if (name === "mediawiki") await useInnodb(join(code, "maintenance/tables-generated.sql"));
    await rig.tenant(namespace);
    const { credentials } = await rig.deploy(code, namespace);
    if (credentials === null) throw new Error(`${name} was installed before`);
    return { name, namespace, host: `${name}.localhost`, credentials };
  }

  /** `node-0` of Kubernetes' pods that writes; empty while none does. */
  writer(): Promise<string> {
    return this.#read("{.status.writer}");
  }

  /** Why it is ready, or not. */
  state(): Promise<string> {
    return this.#read('{.status.conditions[?(@.type=="Ready")].reason}');
  }

  #read(what: string): Promise<string> {
    return this.rig.kubectl("get", `databaseserver/${this.name}`, `--output=jsonpath=${what}`);
  }

  async untilHealthy(): Promise<void> {
    const last = Date.now() + WAIT_MS;
    for (let said = ""; said !== "Healthy"; said = await this.state()) {
      if (Date.now() > last) throw new Error(`${this.name} is not well: ${said}`);
      await sleep(500);
    }
  }

  /** The machine that a pod of nodes or routers is on. */
  machineOf(pod: string): Promise<string> {
    return this.rig.kubectl("get", `pod/${pod}`, SYSTEM, "--output=jsonpath={.spec.nodeName}");
  }

  /** Where the routers are. */
  async routerMachines(): Promise<readonly string[]> {
    const selector = `--selector=app.kubernetes.io/name=database-router,app.kubernetes.io/instance=${this.name}`;
    const said = await this.rig.kubectl("get", "pods", SYSTEM, selector, "--output=jsonpath={.items[*].spec.nodeName}");
    return said.split(" ").filter((name) => name !== "");
  }

  /** The address of a machine's Gateway. */
  addressOf(machine: string): string {
    return settingsOf().nodes.find(({ name }) => name === machine)?.address ?? "";
  }

  /** SIGKILL to a node's server. */
  async kill(pod: string): Promise<void> {
    await this.rig.kubectl("exec", pod, SYSTEM, "--", "sh", "-c", "kill -9 $(cat /run/mysqld/mysqld.pid)");
  }

  /** Takes everything away, the data as well. */
  async remove(): Promise<void> {
    const { rig, name } = this;
    await rig.close();
    const object = `databaseserver/${name}`;
    await rig.kubectl("delete", object, "--ignore-not-found", "--wait=false");
    await rig.kubectl("patch", object, "--type=merge", '--patch={"metadata":{"finalizers":null}}').catch(() => ""); // it has gone
    const kinds = "statefulset,deployment,service,configmap,poddisruptionbudget,networkpolicy";
    await rig.kubectl("delete", kinds, SYSTEM, `--selector=howdah.dev/database-server=${name}`, "--wait=false");
    const rest = `--selector=app.kubernetes.io/instance=${name}`;
    await rig.kubectl("delete", "configmap,pvc,pod", SYSTEM, rest, "--grace-period=1", "--wait=false");
  }
}

/** What docs/how-to/galera.md tells who installs MediaWiki: its table for searching is MyISAM's, which nodes refuse. */
async function useInnodb(file: string): Promise<void> {
  const sql = await readFile(file, "utf8");
  await writeFile(file, sql.replace(/ENGINE *= *MyISAM/, "ENGINE=InnoDB"));
}
