import { expect, it } from "vitest";
import { CONNECTS_ANNOTATION } from "../../kernel/label.ts";
import type { NetworkPolicy } from "../../render/objects.ts";
import { closedNetworks, isShut } from "./closed-networks.ts";
import { namesOf } from "./names.ts";
import type { NamespaceState } from "./state-store.ts";

function stateWith(policy: Pick<NetworkPolicy, "spec"> & { readonly connects?: string }): NamespaceState {
  const metadata = { name: "p", labels: {}, annotations: policy.connects === undefined ? {} : { [CONNECTS_ANNOTATION]: policy.connects } };
  const object: NetworkPolicy = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec: policy.spec };
  return { version: 1, down: false, objects: { "NetworkPolicy/p": { digest: "d", settled: true, object } } };
}

const egress: NetworkPolicy["spec"] = { podSelector: { matchLabels: {} }, policyTypes: ["Egress"], ingress: [] };

it("finds the networks that are closed, and looks up the servers that are open all the same", async () => {
  const states: Readonly<Record<string, NamespaceState>> = {
    blog: { version: 1, down: false, objects: {} },
    shop: stateWith({ spec: { ...egress, policyTypes: ["Ingress"] } }),
    "shop--a": stateWith({ spec: egress, connects: "ldap.example.org:389 10.1.2.3:443 nowhere.example:80" }),
    "shop--b": stateWith({ spec: egress }),
  };
  const store = {
    namespaces: async () => Object.keys(states),
    read: async (namespace: string): Promise<NamespaceState> => states[namespace] ?? { version: 1, down: false, objects: {} },
  };
  const addresses: Readonly<Record<string, readonly string[]>> = {
    "ldap.example.org": ["192.0.2.1", "192.0.2.2"],
    "10.1.2.3": ["10.1.2.3"],
  };
  const found = await closedNetworks(store, namesOf("t"), async (host) => addresses[host] ?? []);
  expect([...found]).toEqual([
    [
      "t.shop--a",
      [
        { address: "192.0.2.1", port: 389 },
        { address: "192.0.2.2", port: 389 },
        { address: "10.1.2.3", port: 443 },
      ],
    ],
    ["t.shop--b", []],
  ]);
  expect(await Promise.all(["blog", "shop", "shop--b", "_test.1"].map((namespace) => isShut(namespace, store)))).toEqual([
    false,
    false,
    true,
    false,
  ]);
});
