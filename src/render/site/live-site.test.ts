import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkSite } from "../../site/check-site.ts";
import { parseSite } from "../../site/parse-site.ts";
import type { Site } from "../../site/site.ts";
import type { PodSpec, Rendered } from "../objects.ts";
import { liveSite } from "./live-site.ts";
import { renderFiles } from "./render-files.ts";
import type { RenderInput } from "./render-input.ts";
import { renderSite } from "./render-site.ts";

function example(name: string): Site {
  const { site } = checkSite(parseSite(readFileSync(`examples/${name}.yaml`, "utf8")), { environment: "production" });
  if (site === undefined) throw new TypeError("the example is wrong");
  return site;
}

const released: RenderInput = {
  images: { web: "web:1", php: "php:1" },
  url: "http://blog.localhost:8080",
  resolver: "10.89.0.1",
  trustedProxies: [],
  database: null,
  generatedSecret: "generated",
  secretsDigest: "s1",
  releaseId: "r1",
  migration: "m1",
};
const input: RenderInput = { ...released, live: { php: "/state/live/blog/1/php", web: "/state/live/blog/1/web" } };

const podsOf = (objects: readonly Rendered[]): readonly PodSpec[] =>
  objects.flatMap(({ object }) => (object.kind === "Deployment" ? [object.spec.template.spec] : []));

describe("a site over code that changes", () => {
  const site: Site = { ...example("wordpress"), database: null, variables: [] };
  const pods = podsOf(renderSite(liveSite(site), input));

  it("mounts the kept tree over the image's code, read-only, and each server sees its own", () => {
    const codeOf = (container: string) =>
      pods
        .flatMap((pod) => pod.containers)
        .find(({ name }) => name === container)
        ?.volumeMounts.find(({ mountPath }) => mountPath === "/srv/web");
    expect(codeOf("php")).toEqual({ name: "live-php", mountPath: "/srv/web", readOnly: true });
    expect(codeOf("web")).toEqual({ name: "live-web", mountPath: "/srv/web", readOnly: true });
    const [pod] = pods;
    expect(pod?.volumes).toContainEqual({ name: "live-php", hostPath: { path: "/state/live/blog/1/php", type: "Directory" } });
    expect(pod?.volumes).toContainEqual({ name: "live-web", hostPath: { path: "/state/live/blog/1/web", type: "Directory" } });
  });

  it("mounts it before the data that lies in it, and every volume that is mounted is declared once", () => {
    for (const pod of [...pods, ...podsOf(renderSite(liveSite({ ...site, topology: "apart" }), input))]) {
      const declared = pod.volumes.map(({ name }) => name);
      expect(new Set(declared).size).toBe(declared.length);
      for (const { volumeMounts } of pod.containers) {
        expect(declared).toEqual(expect.arrayContaining(volumeMounts.map(({ name }) => name)));
        const paths = volumeMounts.map(({ mountPath }) => mountPath).filter((path) => path.startsWith("/srv/web"));
        expect(paths[0]).toBe("/srv/web");
      }
    }
  });

  it("keeps nothing between a file and its reader, whatever the site file says of it", () => {
    const runtime = site.runtime === null ? null : { ...site.runtime, ini: { "opcache.validate_timestamps": "Off" } };
    const files = renderFiles(liveSite({ ...site, runtime }), input);
    const ini = files.php?.["php.ini"] ?? "";
    expect(ini).toMatch(/^opcache\.validate_timestamps ?= ?(On|yes)$/im);
    expect(ini).toMatch(/^opcache\.revalidate_freq ?= ?0$/m);
    expect(ini).toMatch(/^realpath_cache_size ?= ?0$/m);
    const nginx = files.nginx["nginx.conf"] ?? "";
    expect(nginx).toContain("open_file_cache off;");
    expect(nginx).not.toContain("fastcgi_cache microcache");
    expect(nginx).toContain("expires epoch;");
    expect(pods.flatMap(({ volumes }) => volumes).some((volume) => "csi" in volume)).toBe(false);
  });

  it("changes no release: without the directories everything is rendered as ever", () => {
    const text = JSON.stringify(renderSite(site, released));
    expect(text).not.toContain("hostPath");
  });
});
