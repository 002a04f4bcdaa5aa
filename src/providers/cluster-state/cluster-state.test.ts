import { describe, expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { memoryApi } from "../../kubernetes/testing/memory-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { clusterSecretStore } from "./cluster-secret-store.ts";
import { cronDocuments } from "./cron-documents.ts";
import { configMapDocuments, STATE_CONFIG_MAP } from "./config-map-documents.ts";

describe("documents in a ConfigMap", () => {
  const rig = () => {
    const api = memoryApi();
    const store = (key: string) =>
      configMapDocuments<{ n: number }>(
        api,
        (namespace) => ({ namespace, key }),
        () => ["blog"],
      );
    return { api, records: store("record"), journals: store("rollout") };
  };

  it("are kept beside one another and removed one by one", async () => {
    const { records, journals } = rig();
    await records.put("blog", { n: 1 });
    await journals.put("blog", { n: 2 });
    await journals.remove("blog");
    expect([await records.get("blog"), await journals.get("blog"), await records.list()]).toEqual([{ n: 1 }, undefined, [{ n: 1 }]]);
  });

  it("are not written when they are the same, nor when there is nothing to remove", async () => {
    const { api, records, journals } = rig();
    await records.put("blog", { n: 1 });
    await records.put("blog", { n: 1 });
    await journals.remove("blog");
    await journals.remove("shop");
    expect(api.writes).toEqual(["create ConfigMap/blog/howdah-state"]);
  });

  it("lose nobody's key when two write at once", async () => {
    const { records, journals } = rig();
    await Promise.all([records.put("blog", { n: 1 }), journals.put("blog", { n: 2 })]);
    expect([await records.get("blog"), await journals.get("blog")]).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("name themselves when they are damaged", async () => {
    const { api, records } = rig();
    const metadata = { name: STATE_CONFIG_MAP, namespace: "blog" };
    await api.create(resources.ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { record: "{" } });
    await expect(records.get("blog")).rejects.toMatchObject({ code: "machine/state-unreadable" });
  });
});

describe("what is remembered of crons", () => {
  const labels = { "app.kubernetes.io/component": "howdah-crons" };
  const write = (api: ReturnType<typeof memoryApi>, namespace: string, data: object, name = "howdah-crons") =>
    api.create(resources.ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data });
  const text = (namespace: string, cron: string): string => JSON.stringify({ namespace, cron });

  it("is read of all namespaces at once", async () => {
    const crons = cronDocuments<{ namespace: string; cron: string }>(memoryApi());
    await crons.put("blog.tidy", { namespace: "blog", cron: "tidy" });
    await crons.put("shop.mail", { namespace: "shop", cron: "mail" });
    expect(await crons.list()).toEqual([
      { namespace: "blog", cron: "tidy" },
      { namespace: "shop", cron: "mail" },
    ]);
  });

  it.each<{ name: string; namespace: string; data: object; map?: string }>([
    { name: "one that is damaged", namespace: "shop", data: { mail: "{" } },
    { name: "one that is no object", namespace: "shop", data: { mail: "7" } },
    { name: "a word about another namespace's", namespace: "shop", data: { tidy: text("blog", "tidy"), mail: text("blog", "tidy") } },
    { name: "a word about another cron", namespace: "shop", data: { mail: text("shop", "tidy") } },
    { name: "another ConfigMap with the label", namespace: "blog", data: { tidy: text("blog", "tidy") }, map: "forged" },
  ])("is read without $name", async ({ namespace, data, map }) => {
    const api = memoryApi();
    await write(api, namespace, data, map);
    const crons = cronDocuments<{ namespace: string; cron: string }>(api);
    await crons.put("blog.tidy", { namespace: "blog", cron: "tidy" });
    expect(await crons.list()).toEqual([{ namespace: "blog", cron: "tidy" }]);
  });
});

describe("secrets of a cluster", () => {
  const value = { bytes: 20, encoding: "alphanumeric" } as const;

  it("make a value once, whoever asks at once, in a Secret that only Howdah writes", async () => {
    const api = memoryApi();
    const store = clusterSecretStore(api);
    const made = await Promise.all([1, 2, 3].map(() => store.getOrGenerate("blog", "generated", "KEY", value)));
    expect(new Set(made.map((one) => one.reveal())).size).toBe(1);
    expect(api.all("Secret").map(({ metadata }) => metadata.name)).toEqual(["howdah-generated"]);
  });

  it.each(["generated", "database", "session-server"])("keep %s apart from what the engine puts for pods under that name", async (name) => {
    const api = memoryApi();
    await clusterSecretStore(api).getOrGenerate("blog", name, "password", value);
    expect(api.all("Secret").map(({ metadata }) => metadata.name)).toEqual([`howdah-${name}`]);
  });

  it("are a person's own under their own names, read and never written", async () => {
    const api = memoryApi();
    const metadata = { name: "smtp", namespace: "blog" };
    await api.create(resources.Secret, { apiVersion: "v1", kind: "Secret", metadata, data: { password: "cw==" } });
    const found = await clusterSecretStore(api).get("blog", "smtp");
    expect(found?.["password"]?.reveal()).toBe("s");
    expect(api.writes).toHaveLength(1);
  });

  it("lose one key, or all", async () => {
    const store = clusterSecretStore(memoryApi());
    await store.set("blog", "smtp", { a: new Secret("1", "x"), b: new Secret("2", "x") });
    expect(await store.remove("blog", "smtp", "c")).toBe(false);
    expect(await store.remove("blog", "smtp", "a")).toBe(true);
    expect(await store.list("blog")).toEqual([{ name: "smtp", keys: ["b"] }]);
    expect(await store.remove("blog", "smtp")).toBe(true);
    expect(await store.get("blog", "smtp")).toBeUndefined();
  });
});
