import { describe, expect, it } from "vitest";
import type { Event } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import type { Ports } from "../ports.ts";
import type { SharedImage } from "../up/keep-newest.ts";
import { chosenServer, offerServer } from "./server-image.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { clusterRig, siteOf } from "./testing/cluster-rig.ts";

const digest = `sha256:${"0".repeat(64)}`;
const image = (version: string) => ({ reference: `registry/${version}`, digest, version });
const withDatabase = { runtime: { php: "8.4" as const }, database: { version: "11.8" } };

/** What was chosen; `mayWrite: false` is a developer of one tenant. */
function chosen(mayWrite = true) {
  const images = new Map<string, SharedImage>();
  const said: string[] = [];
  const forbidden = async (): Promise<never> => {
    throw new HowdahError("cluster/forbidden", "configmaps is forbidden");
  };
  const sharedImages = {
    get: async (name: string) => (mayWrite ? images.get(name) : forbidden()),
    put: async (name: string, one: SharedImage) => (mayWrite ? void images.set(name, one) : forbidden()),
  } as unknown as Ports["sharedImages"];
  const emit = (event: Event): void => void (event.type === "notice" && said.push(event.message));
  const offer = (version: string) => offerServer(siteOf("blog", withDatabase), image(version), { sharedImages }, { emit });
  return { offer, said, reference: () => images.get("mariadb-11-8")?.reference };
}

describe("the image of the database server that all sites of a version share", () => {
  it("is the newest that anybody offered who may write in howdah-system", async () => {
    const { offer, reference } = chosen();
    await offer("1:11.8.2-1");
    await offer("1:11.8.10-1");
    await offer("1:11.8.3-1");
    expect(reference()).toBe("registry/1:11.8.10-1");
  });

  it("stays what it is when a tenant's developer deploys, who hears so", async () => {
    const { offer, reference, said } = chosen(false);
    await offer("9:99");
    expect(reference()).toBeUndefined();
    expect(said).toEqual([expect.stringContaining("mariadb-11-8 runs what an administrator has chosen")]);
  });

  it("is never what a release names: a tenant that may make releases would have the data of all", async () => {
    const rig = clusterRig();
    const started: string[] = [];
    Object.assign(rig.ports, {
      databases: answering(),
      databaseServers: memoryDocuments(),
      engine: { ...rig.engine, apply: noting(rig.engine.apply.bind(rig.engine), started) },
    });
    await rig.release("r1", "one", withDatabase, { php: { reference: "php", digest }, database: image("9:99") });
    await expect(rig.serve("r1")).rejects.toMatchObject({ code: "database/no-image" });
    await rig.ports.sharedImages.put("mariadb-11-8", { ...image("1:11.8.2-1"), name: "mariadb-11-8" });
    await expect(chosenServer("11.8", rig.ports)).resolves.toBe("registry/1:11.8.2-1");
    await rig.serve("r1");
    expect(started).toEqual([expect.stringContaining("[mariadbd]"), "registry/1:11.8.2-1"]);
  });
});

it("the shared server of a cluster keeps no binlog: nobody there bounds it by bytes before 11.4, watches the volume, or reads it", async () => {
  const rig = clusterRig();
  const made: string[] = [];
  const engine = { ...rig.engine, kind: "kubernetes", apply: noting(rig.engine.apply.bind(rig.engine), made) };
  Object.assign(rig.ports, { databases: answering(), databaseServers: memoryDocuments(), engine });
  await rig.ports.sharedImages.put("mariadb-10-11", { ...image("1:10.11"), name: "mariadb-10-11" });
  await rig.release("r1", "one", { ...withDatabase, database: { version: "10.11" } }, { php: { reference: "php", digest } });
  await rig.serve("r1");
  expect(made).toEqual([expect.stringContaining("max-session-mem-used"), "registry/1:10.11"]);
  expect(made[0]).not.toMatch(/log-bin|binlog/);
});

/** A server that makes what it is asked for. */
function answering(): object {
  const password = new Secret("p", "a test");
  const made = { host: "h", port: 3306, name: "acme", user: "acme", uid: "u", password, url: password, changed: false };
  return { adminSecret: async () => ({}), waitReady: async () => undefined, ensureDatabase: async () => made };
}

/** The same, and notes the options and images of servers that are made. */
function noting(apply: Ports["engine"]["apply"], started: string[]): Ports["engine"]["apply"] {
  return async (namespace, step, context) => {
    if ("desired" in step && step.desired.object.kind === "ConfigMap" && "my.cnf" in step.desired.object.data)
      started.push(step.desired.object.data["my.cnf"] ?? "");
    if ("desired" in step && step.desired.object.kind === "StatefulSet")
      started.push(...step.desired.object.spec.template.spec.containers.map((container) => container.image));
    await apply(namespace, step, context);
  };
}
