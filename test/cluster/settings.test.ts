import { describe, expect, it } from "vitest";
import { settingsOf } from "./settings.ts";

const HOME = "/home/ann";

describe("where a test cluster lives", () => {
  it.each([
    { environment: { HOME }, directory: "/home/ann/.cache/howdah/cluster/run", api: "https://10.99.0.10:6443", pods: "10.244.0.0/16" },
    {
      environment: { HOME, HOWDAH_CLUSTER_NUMBER: "9", XDG_CACHE_HOME: "/cache" },
      directory: "/cache/howdah/cluster/run-9",
      api: "https://10.99.9.10:6443",
      pods: "10.253.0.0/16",
    },
    { environment: { HOME, HOWDAH_CLUSTER_DIR: "/srv/lab" }, directory: "/srv/lab", api: "https://10.99.0.10:6443", pods: "10.244.0.0/16" },
  ])("$directory has $api and pods $pods", ({ environment, directory, api, pods }) => {
    const settings = settingsOf(environment);
    expect([settings.directory, settings.apiServer, settings.podNetwork]).toEqual([directory, api, pods]);
  });

  it("shares no address, interface or directory between two numbers", () => {
    const facts = (number: string): readonly string[] => {
      const { nodes, control, registry, hostAddress, hostLink, directory } = settingsOf({ HOME, HOWDAH_CLUSTER_NUMBER: number });
      return [
        hostAddress,
        hostLink,
        directory,
        control.address,
        registry.address,
        ...nodes.flatMap(({ address, pods }) => [address, pods]),
      ];
    };
    const all = ["0", "1", "5", "9"].flatMap(facts);
    expect(new Set(all).size).toBe(all.length);
  });

  it("has interface names that the kernel takes: 15 letters at most", () => {
    expect(settingsOf({ HOME, HOWDAH_CLUSTER_NUMBER: "9" }).hostLink.length).toBeLessThanOrEqual(15);
  });

  it.each(["10", "-1", "x", "1.5"])("refuses the number %s", (number) => {
    expect(() => settingsOf({ HOME, HOWDAH_CLUSTER_NUMBER: number })).toThrow("HOWDAH_CLUSTER_NUMBER must be a number from 0 to 9");
  });
});
