import { describe, expect, it } from "vitest";
import { chosenSettings, type InstallSettingsFlags } from "./chosen-settings.ts";

const none: InstallSettingsFlags = { ingressAnnotation: [], readWriteOnce: false, from: [], monitoring: [], privateNetwork: [], trust: [] };
const gateway = { kind: "gateway", namespace: "gateway", name: "public", http: "http", https: null };
const before = {
  wayIn: gateway,
  storage: { shared: "cephfs", sharedAccess: "ReadWriteMany" },
  network: { from: ["gateway"], monitoring: ["prometheus"] },
  trustedProxies: ["10.244.0.0/16"],
  clusterDomain: "cluster.local",
};
const chosen = (stored: object | undefined, flags: Partial<InstallSettingsFlags>): unknown =>
  JSON.parse(chosenSettings(stored === undefined ? undefined : JSON.stringify(stored), { ...none, ...flags }));

describe("settings of a cluster", () => {
  it.each<{ name: string; stored?: object; flags: Partial<InstallSettingsFlags>; wanted: object }>([
    { name: "are nothing where nothing is said", flags: {}, wanted: {} },
    { name: "stay whole without flags", stored: before, flags: {}, wanted: before },
    {
      name: "change in the named place alone",
      stored: before,
      flags: { storageClass: "nfs" },
      wanted: { ...before, storage: { shared: "nfs", sharedAccess: "ReadWriteMany" } },
    },
    {
      name: "say where logins are beside the rest of the storage",
      stored: before,
      flags: { sessions: "memory" },
      wanted: { ...before, storage: { ...before.storage, sessions: "memory" } },
    },
    {
      name: "take another Gateway whole, with its namespace",
      stored: before,
      flags: { gateway: "edge/main" },
      wanted: {
        ...before,
        wayIn: { ...gateway, namespace: "edge", name: "main", http: null },
        network: { ...before.network, from: ["edge"] },
      },
    },
    {
      name: "keep the Gateway when only a listener is named",
      stored: before,
      flags: { httpsListener: "tls" },
      wanted: { ...before, wayIn: { ...gateway, https: "tls" } },
    },
    {
      name: "let the Gateway in beside the namespaces that are named",
      stored: before,
      flags: { from: ["checks"] },
      wanted: { ...before, network: { ...before.network, from: ["checks", "gateway"] } },
    },
    {
      name: "add annotations to the Ingress that was chosen",
      stored: { wayIn: { kind: "ingress", class: null, annotations: { a: "1" } } },
      flags: { ingressAnnotation: ["b=2"] },
      wanted: { wayIn: { kind: "ingress", class: null, annotations: { a: "1", b: "2" } } },
    },
    {
      name: "keep what a newer version wrote",
      stored: { later: 1 },
      flags: { trust: ["10.0.0.0/8"] },
      wanted: { later: 1, trustedProxies: ["10.0.0.0/8"] },
    },
  ])("$name", ({ stored, flags, wanted }) => {
    expect(chosen(stored, flags)).toEqual(wanted);
  });

  it("that are no JSON are named, not replaced", () => {
    expect(() => chosenSettings("{", none)).toThrow(expect.objectContaining({ code: "machine/state-unreadable" }));
  });
});
