import { expect, it } from "vitest";
import type { StatefulSet } from "../objects.ts";
import { digestOf } from "../rendered.ts";
import { renderDatabaseWay, wayConfig, wayLabels } from "./render-database-way.ts";

const way = { name: "company", image: "nginx:1", clientImage: "mariadb:1", writer: { address: "10.0.0.5", port: 3306 }, secretDigest: "s" };
const setOf = (more: Partial<typeof way> = {}): StatefulSet =>
  renderDatabaseWay({ ...way, ...more }).find((one) => one.kind === "StatefulSet") as StatefulSet;

it("has the server's name, and a Service that selects its pod", () => {
  const objects = renderDatabaseWay(way);
  expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
    "ConfigMap/company",
    "Service/company",
    "StatefulSet/company",
  ]);
  expect(setOf().spec.template.metadata.labels).toMatchObject(wayLabels("company"));
});

it.each([
  { address: "10.0.0.5", target: "proxy_pass 10.0.0.5:3306;" },
  { address: "fd00::5", target: "proxy_pass [fd00::5]:3306;" },
])("leads to $address", ({ address, target }) => {
  expect(wayConfig({ address, port: 3306 })).toContain(target);
});

it.each(["db.example.org", "10.0.0.5;", "", "10.0.0.5 x"])("refuses %j as an address", (address) => {
  expect(() => wayConfig({ address, port: 3306 })).toThrow(expect.objectContaining({ code: "render/unsafe" }));
});

it.each<{ name: string; change: Partial<typeof way>; rolls: boolean }>([
  { name: "another writer", change: { writer: { address: "10.0.0.6", port: 3306 } }, rolls: true },
  { name: "another administrator", change: { secretDigest: "t" }, rolls: true },
  { name: "nothing", change: {}, rolls: false },
])("is replaced for $name: $rolls", ({ change, rolls }) => {
  expect(digestOf(setOf(change).spec.template) !== digestOf(setOf().spec.template)).toBe(rolls);
});

it("is sealed, and names no secret's value", () => {
  for (const container of setOf().spec.template.spec.containers) {
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, runAsUser: 50_000 });
    expect(container.env).toEqual([]);
  }
});
