import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Addon, Cluster, Workshop } from "../../addon.ts";
import { certificateOf } from "../../pki.ts";
import { untilAvailable } from "../../until-available.ts";
import { moduleDirectory } from "../go-module.ts";
import { GATEWAY, GATEWAY_NAMESPACE, gatewayObjects, gatewaySubject, loadBalancerStatus, traefikObjects } from "./gateway-objects.ts";

const IMAGE = "howdah.test/traefik:3.7.5";

/**
 * The Gateway API by Traefik, with one Gateway on ports 80 and 443 of every node. 3.7.5: the newest whose dependencies the Go proxy serves
 * all (3.7.13 needs lego 5). Not Contour, which only tells Envoy what to do, and Envoy can't be built here.
 */
export const gateway: Addon = {
  name: "gateway",
  about: "the Gateway API (Traefik), with the Gateway gateway/howdah on ports 80 and 443 of every node",
  byDefault: true,
  build: async (workshop) => {
    await image(workshop);
    await definitions(workshop);
  },
  start: async (cluster) => {
    await cluster.load([await image(cluster)]);
    await applyGatewayDefinitions(cluster);
    await cluster.apply(traefikObjects(IMAGE));
    const patch = ["--subresource=status", "--type=merge", `--patch=${JSON.stringify(loadBalancerStatus(cluster.settings))}`];
    await cluster.kubectl(["patch", "service", "traefik", "--namespace", GATEWAY_NAMESPACE, ...patch]);
    const { cert, key } = await certificateOf(cluster.settings, gatewaySubject);
    await cluster.apply(gatewayObjects({ cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") }));
    await untilAvailable(cluster, GATEWAY_NAMESPACE, "daemonset/traefik");
    const programmed = ["--for=condition=Programmed", `gateway/${GATEWAY}`, "--timeout=120s"];
    await cluster.kubectl(["wait", "--namespace", GATEWAY_NAMESPACE, ...programmed]);
  },
  stop: async () => {
    // Pods end with their nodes.
  },
};

async function image(workshop: Workshop): Promise<string> {
  const binary = await workshop.goProgram({
    name: "traefik",
    module: import.meta.dirname,
    package: "github.com/traefik/traefik/v3/cmd/traefik",
    static: true,
  });
  return await workshop.image({
    name: IMAGE,
    files: { "/traefik": { from: binary } },
    directories: { "/tmp": 0o1777 },
    entrypoint: ["/traefik"],
  });
}

/** The directory of the standard channel's resource definitions, of the very version that Traefik was built with. */
async function definitions(workshop: Workshop): Promise<string> {
  return join(await moduleDirectory(workshop, import.meta.dirname, "sigs.k8s.io/gateway-api"), "config/crd/standard");
}

/** The kinds of the Gateway API without anything that serves them: enough for tests with played nodes. */
export async function applyGatewayDefinitions(cluster: Cluster): Promise<void> {
  const how = ["--server-side", "--force-conflicts", "--field-manager=howdah-test-cluster"];
  await cluster.kubectl(["apply", ...how, `--filename=${await definitions(cluster)}`]);
  const kinds = ["gatewayclasses", "gateways", "httproutes", "referencegrants"].map((kind) => `crd/${kind}.gateway.networking.k8s.io`);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", ...kinds]);
}
