import { defineConfig } from "vitest/config";

/** Tests on the test cluster: those of nodes that are cut off, and everything else that needs a real API server. */
const onCluster = ["cluster-*", "engine-kubernetes*", "operator-*"].map((name) => `test/e2e/${name}.test.ts`);

// Configuration files need a default export; nothing else in the project has one.
export default defineConfig({
  test: {
    coverage: {
      provider: "v8",
      include: ["src/{kernel,catalog,site,detect,render,plan,observe}/**/*.ts"],
      exclude: ["**/*.test.ts"],
      reporter: ["text-summary", "json-summary"],
      thresholds: { lines: 90 },
    },
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "scripts/**/*.test.ts", "test/support/**/*.test.ts", "test/cluster/**/*.test.ts"],
          // No test asserts time: this only ends one that hangs, also where others take the cores.
          testTimeout: 300_000,
          // vitest leaves one core to itself otherwise: half of a machine that has two.
          maxWorkers: "100%",
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: onCluster,
          testTimeout: 900_000,
          hookTimeout: 900_000,
          // Two files at a time: each has a machine of its own (instance, state, ports), and most of their time is waiting.
          maxWorkers: 2,
          sequence: { concurrent: false },
        },
      },
      {
        test: {
          name: "cluster",
          include: onCluster,
          globalSetup: ["test/cluster/global-setup.ts"],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          // One file at a time: they share one cluster, and some take its nodes away.
          maxWorkers: 1,
          sequence: { concurrent: false },
        },
      },
    ],
  },
});
