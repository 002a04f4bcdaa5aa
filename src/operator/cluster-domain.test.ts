import { expect, it } from "vitest";
import { clusterDomainIn } from "./cluster-domain.ts";

it.each<[string, string | undefined]>([
  ["search howdah-system.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n", "cluster.local"],
  ["nameserver 10.0.0.1\nsearch howdah-system.svc.k8s.example.com svc.k8s.example.com k8s.example.com example.com", "k8s.example.com"],
  ["search svc.a. \n", "a"],
  ["search example.com svc.\n", undefined],
  ["search svc.EVIL;x\n", undefined],
  ["nameserver 1.1.1.1\n", undefined],
  ["", undefined],
])("%j is of the domain %j", (text, domain) => {
  expect(clusterDomainIn(text)).toBe(domain);
});
