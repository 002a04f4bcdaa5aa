import { expect, it } from "vitest";
import { watchedPod } from "./network-pod.ts";

const pod = (spec: object, status: object) => ({
  metadata: { name: "web", namespace: "site", uid: "u1", labels: { app: "web" } },
  spec: { nodeName: "node-1", containers: [{ ports: [{ name: "http", containerPort: 8080 }, { containerPort: 9 }] }], ...spec },
  status: { phase: "Running", podIP: "10.244.1.2", ...status },
});

it("keeps the address and the named ports, those of sidecars too", () => {
  const sidecar = { restartPolicy: "Always", ports: [{ name: "metrics", containerPort: 9100 }] };
  const first = { ports: [{ name: "gone", containerPort: 1 }] };
  expect(watchedPod(pod({ initContainers: [sidecar, first] }, {}), ["node-1"])).toEqual({
    uid: "u1",
    namespace: "site",
    name: "web",
    labels: { app: "web" },
    node: "node-1",
    address: "10.244.1.2",
    ports: [
      { name: "http", protocol: "TCP", port: 8080 },
      { name: "metrics", protocol: "TCP", port: 9100 },
    ],
  });
});

it.each([
  { name: "on the host's network", object: pod({ hostNetwork: true }, {}) },
  { name: "without a node", object: pod({ nodeName: undefined }, {}) },
  { name: "on a node that is only played", object: pod({ nodeName: "kwok-1" }, {}) },
  { name: "that has ended: its address may be another's", object: pod({}, { phase: "Succeeded" }) },
  { name: "that has failed", object: pod({}, { phase: "Failed" }) },
])("leaves out a pod $name", ({ object }) => {
  expect(watchedPod(object, ["node-1"])).toBeUndefined();
});
