import { readFile } from "node:fs/promises";
import type { Addon, Workshop } from "../../addon.ts";
import { certificateOf, keyPair } from "../../pki.ts";
import { untilAvailable } from "../../until-available.ts";
import { customMetricsObjects, customMetricsSubject, NAMESPACE } from "./custom-metrics-objects.ts";

const IMAGE = "howdah.test/custom-metrics:1";

/**
 * FPM's figures as custom metrics, so that a HorizontalPodAutoscaler follows them. A small program of ours that reads the pods when it is asked;
 * no Prometheus, no history. It runs in the namespace `monitoring`, which the cluster's settings must let in (`network.monitoring`).
 */
export const customMetrics: Addon = {
  name: "custom-metrics",
  about: "PHP-FPM's figures for HorizontalPodAutoscalers, read from the pods by a small program of ours",
  byDefault: false,
  build: async (workshop) => {
    await image(workshop);
  },
  start: async (cluster) => {
    await cluster.load([await image(cluster)]);
    const { cert, key } = await certificateOf(cluster.settings, customMetricsSubject);
    const [certificate = "", privateKey = "", authority = ""] = await Promise.all(
      [cert, key, keyPair(cluster.settings, "ca").cert].map((file) => readFile(file, "utf8")),
    );
    await cluster.apply(customMetricsObjects(IMAGE, { cert: certificate, key: privateKey, authority }));
    await untilAvailable(cluster, NAMESPACE, "deployment/custom-metrics");
    await cluster.kubectl(["wait", "--for=condition=Available", "apiservice/v1beta2.custom.metrics.k8s.io", "--timeout=60s"]);
  },
  stop: async () => {
    // Pods end with their nodes.
  },
};

async function image(workshop: Workshop): Promise<string> {
  const binary = await workshop.goProgram({ name: "custom-metrics", module: import.meta.dirname, static: true });
  return await workshop.image({ name: IMAGE, files: { "/custom-metrics": { from: binary } }, entrypoint: ["/custom-metrics"] });
}
