import { expect, it } from "vitest";
import type { Manifest, StatefulSet } from "../objects.ts";
import { digestOf } from "../rendered.ts";
import { databaseServerName } from "./database-name.ts";
import { renderDatabaseAccess } from "./render-database-access.ts";
import { renderDatabaseServer } from "./render-database-server.ts";

const server = { version: "11.8", image: "localhost/howdah/mariadb:abc", memoryBytes: 2 ** 29 };
const find = (objects: Manifest[], kind: string): Manifest | undefined => objects.find((object) => object.kind === kind);

it("renders a server under one name", () => {
  const objects = renderDatabaseServer(server);
  expect(objects.map((object) => `${object.kind}/${object.metadata.name}`)).toEqual([
    "ConfigMap/mariadb-11-8",
    "PersistentVolumeClaim/mariadb-11-8",
    "Service/mariadb-11-8",
    "StatefulSet/mariadb-11-8",
  ]);
});

it("gives the container a read-only root, our user, no capabilities, and time to stop", () => {
  const set = find(renderDatabaseServer(server), "StatefulSet") as StatefulSet;
  const pod = set.spec.template.spec;
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60);
  expect(pod.containers[0]?.stopSignal).toBe("SIGTERM");
  expect(pod.containers[0]?.securityContext).toEqual({
    runAsUser: 50000,
    runAsGroup: 50000,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
  });
});

it("mounts only volumes that it has, and names no secret value", () => {
  const set = find(renderDatabaseServer(server), "StatefulSet") as StatefulSet;
  const pod = set.spec.template.spec;
  const names = pod.volumes.map((volume) => volume.name).sort();
  expect(pod.containers[0]?.volumeMounts.map((mount) => mount.name).sort()).toEqual(names);
  expect(pod.containers[0]?.env).toEqual([]);
});

it.each([
  { name: "memory", change: { memoryBytes: 2 ** 30 }, rolls: true },
  { name: "the administrator's secret", change: { secretDigest: "x" }, rolls: true },
  { name: "nothing", change: {}, rolls: false },
])("rolls the pod when $name changes: $rolls", ({ change, rolls }) => {
  const before = find(renderDatabaseServer(server), "StatefulSet");
  const after = find(renderDatabaseServer({ ...server, ...change }), "StatefulSet");
  expect(digestOf(after) !== digestOf(before)).toBe(rolls);
});

it("lets one site's namespace in, on the one port", () => {
  const policy = renderDatabaseAccess("11.8", "blog-production");
  expect(policy.metadata.name).toBe("mariadb-11-8-from-blog-production");
  expect(policy.spec.ingress).toEqual([
    {
      from: [
        { podSelector: { matchLabels: {} }, namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "blog-production" } } },
      ],
      ports: [{ port: 3306 }],
    },
  ]);
});

it.each(["11", "11.8.1", "11.8; rm", "", "latest"])("refuses %j as a version", (version) => {
  expect(() => databaseServerName(version)).toThrow("no version");
});
