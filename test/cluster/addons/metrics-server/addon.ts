import { readFile } from "node:fs/promises";
import type { Addon, Workshop } from "../../addon.ts";
import { certificateOf, keyPair } from "../../pki.ts";
import { untilAvailable } from "../../until-available.ts";
import { metricsServerObjects, metricsSubject } from "./metrics-server-objects.ts";

const IMAGE = "howdah.test/metrics-server:0.9.0";

/** `kubectl top` and HorizontalPodAutoscalers on CPU or memory have numbers: about 20 seconds after a pod has started. */
export const metricsServer: Addon = {
  name: "metrics-server",
  about: "numbers for kubectl top and for HorizontalPodAutoscalers",
  byDefault: true,
  build: async (workshop) => {
    await image(workshop);
  },
  start: async (cluster) => {
    await cluster.load([await image(cluster)]);
    const { cert, key } = await certificateOf(cluster.settings, metricsSubject);
    const [certificate, privateKey, authority] = await Promise.all(
      [cert, key, keyPair(cluster.settings, "ca").cert].map((file) => readFile(file, "utf8")),
    );
    await cluster.apply(metricsServerObjects(IMAGE, { cert: certificate ?? "", key: privateKey ?? "", authority: authority ?? "" }));
    await untilAvailable(cluster, "kube-system", "deployment/metrics-server");
    await cluster.kubectl(["wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout=60s"]);
  },
  stop: async () => {
    // Pods end with their nodes.
  },
};

async function image(workshop: Workshop): Promise<string> {
  const binary = await workshop.goProgram({
    name: "metrics-server",
    module: import.meta.dirname,
    package: "sigs.k8s.io/metrics-server/cmd/metrics-server",
    static: true,
  });
  return await workshop.image({
    name: IMAGE,
    files: { "/metrics-server": { from: binary } },
    directories: { "/tmp": 0o1777 },
    entrypoint: ["/metrics-server"],
  });
}
