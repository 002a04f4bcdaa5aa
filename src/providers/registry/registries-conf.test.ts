import { describe, expect, it } from "vitest";
import { parseRegistriesConf, placesOf } from "./registries-conf.ts";

const rules = parseRegistriesConf(`
unqualified-search-registries = ["docker.io"]
[[registry]]  # the one that limits
prefix = "docker.io"
location = 'docker.io'
[[registry.mirror]]
location = "mirror-1.example.org/hub"
[[registry.mirror]]
location = "10.0.0.1:5000"
insecure = true # within the rack

[[registry]]
location = "docker.io/library"
blocked = true
[[registry]]
prefix = "*.lab.example.org"
insecure = true
location = "x"
[aliases]
location = "no table of ours"
[[registry]]
insecure = true
`);

describe("placesOf", () => {
  it.each([
    ["docker.io/bitnami/php", false, ["mirror-1.example.org/hub/bitnami/php", "10.0.0.1:5000/bitnami/php!", "docker.io/bitnami/php"]],
    ["docker.io/library/php", true, ["docker.io/library/php"]],
    ["a.lab.example.org/php", false, ["a.lab.example.org/php!"]],
    ["docker.io.example.org/php", false, ["docker.io.example.org/php"]],
    ["quay.io/x/y", false, ["quay.io/x/y"]],
  ])("%s", (name, blocked, places) => {
    const found = placesOf(name, rules);
    expect([found.blocked, found.places.map((place) => `${place.name}${place.insecure ? "!" : ""}`)]).toEqual([blocked, places]);
  });

  it("reads nothing from nothing", () => {
    expect(parseRegistriesConf("")).toEqual([]);
    expect(parseRegistriesConf("[[registry.mirror]]\nlocation = 'x'\n[[registry]]\nlocation = 5")).toEqual([]);
  });
});
