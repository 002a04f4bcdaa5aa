import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HEALTH_ANNOTATION, MOST_REPLICAS_ANNOTATION } from "../../kernel/label.ts";
import { checkSite } from "../../site/check-site.ts";
import { parseSite } from "../../site/parse-site.ts";
import type { Site } from "../../site/site.ts";
import type { Manifest, PodSpec } from "../objects.ts";
import { canonicalJson } from "../rendered.ts";
import { renderFiles } from "./render-files.ts";
import type { RenderInput } from "./render-input.ts";
import { renderSite } from "./render-site.ts";

function siteOf(text: string): Site {
  const { site, diagnostics } = checkSite(parseSite(text), { environment: "production" });
  if (site === undefined) throw new Error(JSON.stringify(diagnostics));
  return site;
}

function example(name: string): Site {
  return siteOf(readFileSync(`examples/${name}.yaml`, "utf8"));
}

function inputFor(site: Site): RenderInput {
  return {
    images: { web: "localhost/howdah/site-web:1", php: site.runtime === null ? null : "localhost/howdah/site-php:1" },
    url: `http://${site.hostnames[0] ?? ""}:8080`,
    resolver: "10.89.0.1",
    trustedProxies: ["10.89.0.1/32"],
    database: site.database === null ? null : { host: "mariadb-11-8", port: 3306, name: "blog", user: "blog", secretName: "database" },
    generatedSecret: "generated",
    secretsDigest: "s1",
    releaseId: "r1",
    migration: "m1",
  };
}

function render(site: Site): ReturnType<typeof renderSite> {
  return renderSite(site, inputFor(site));
}

function podsOf(site: Site): PodSpec[] {
  return render(site).flatMap(({ object }) => (object.kind === "Deployment" ? [object.spec.template.spec] : []));
}

/** The text of files is expected beside nginx' and PHP's own renderers; here only which files there are. */
function withoutFiles(object: Manifest): object {
  return object.kind === "ConfigMap" ? { ...object, data: Object.keys(object.data).sort() } : object;
}

const names = ["minimal", "wordpress", "mediawiki", "dokuwiki", "static", "laravel"];

describe("renderSite", () => {
  it.each(names)("renders examples/%s as committed", async (name) => {
    const text = `${render(example(name))
      .map(({ object }) => JSON.stringify(JSON.parse(canonicalJson(withoutFiles(object))), null, 2))
      .join("\n")}\n`
      .replaceAll(/-[0-9a-f]{10}"/g, '-DIGEST"')
      .replaceAll(/"settings": "[0-9a-f]{16}"/g, '"settings": "DIGEST"');
    await expect(text).toMatchFileSnapshot(`expected/${name}.json`);
  });

  it.each(names)("gives the same objects whatever the order of keys in examples/%s", (name) => {
    const site = example(name);
    const reversed = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(reversed)
        : value !== null && typeof value === "object"
          ? Object.fromEntries(
              Object.entries(value)
                .map(([key, inner]) => [key, reversed(inner)] as const)
                .reverse(),
            )
          : value;
    expect(render(reversed(site) as Site).map(({ digest }) => digest)).toEqual(render(site).map(({ digest }) => digest));
  });

  it("hardens every container: own user, read-only root, no capabilities, limits", () => {
    for (const container of names.flatMap((name) => podsOf(example(name))).flatMap((pod) => pod.containers)) {
      expect(container.securityContext).toEqual({
        runAsUser: 50_000,
        runAsGroup: 50_000,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
      expect(container.resources.limits.memory).toBeDefined();
    }
  });

  it("mounts data at the same path in nginx and PHP, read-only in nginx", () => {
    const [pod] = podsOf(example("wordpress"));
    const mountsOf = (name: string) =>
      pod?.containers.find((container) => container.name === name)?.volumeMounts.filter((mount) => mount.mountPath.startsWith("/srv/web"));
    expect(mountsOf("web")?.map(({ mountPath }) => mountPath)).toEqual(mountsOf("php")?.map(({ mountPath }) => mountPath));
    expect(mountsOf("web")?.every((mount) => mount.readOnly === true)).toBe(true);
  });

  it("never carries a secret value: only names and keys", () => {
    const text = JSON.stringify(render(example("wordpress")));
    expect(text).toContain('"secretKeyRef":{"name":"database","key":"password"}');
    expect(text).toContain('"name":"generated"');
  });

  it("renders a static site without PHP", () => {
    expect(podsOf(example("static")).flatMap((pod) => pod.containers.map((container) => container.name))).toEqual(["web"]);
  });

  it("shares PHP's sessions among the pods of a site that has several and a shared mount, but not with nginx", () => {
    const site = { ...example("wordpress"), scale: { ...example("wordpress").scale, replicas: 2 } };
    expect(render(site).map(({ key }) => key)).toContain("PersistentVolumeClaim/sessions");
    const [pod] = podsOf(site);
    const mounting = pod?.containers.filter(({ volumeMounts }) => volumeMounts.some(({ name }) => name === "sessions"));
    expect(mounting?.map(({ name }) => name)).toEqual(["php"]);
    expect(JSON.stringify(render(site))).toContain("session.save_path = '/var/lib/howdah/sessions'");
    expect(JSON.stringify(render(example("wordpress")))).not.toContain("/var/lib/howdah/sessions");
  });

  it("scales nginx and PHP apart over a port that only the site's own nginx may reach", () => {
    const site = { ...example("wordpress"), topology: "apart" as const };
    const keys = render(site).map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(["Deployment/php", "Deployment/web", "Service/php", "NetworkPolicy/php-from-web"]));
  });

  it("tries PHP that is apart with the nginx of its release beside it, which asks the PHP of its own pod", () => {
    const site = { ...example("wordpress"), topology: "apart" as const };
    const objects = render(site);
    const { trial } = objects.find(({ key }) => key === "Deployment/php") ?? {};
    expect(trial?.metadata).toMatchObject({ name: "php", annotations: { [HEALTH_ANNOTATION]: expect.stringContaining("/") } });
    const { containers = [], volumes = [] } = trial?.spec.template.spec ?? {};
    expect(containers.map(({ name, ports }) => [name, ports.find(({ name }) => name === "http")?.containerPort])).toEqual([
      ["php", undefined],
      ["web", 8082],
    ]);
    const mounted = new Set(containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name)));
    expect(volumes.map(({ name }) => name).toSorted()).toEqual([...mounted].toSorted());
    const nginx = objects.flatMap(({ object }) => (object.kind === "ConfigMap" ? [object.data["nginx.conf"] ?? ""] : [])).join("");
    expect(nginx).toContain("listen 127.0.0.1:8082;");
    expect(nginx).toMatch(/map \$server_port \$howdah_php \{\s+default php:9000;\s+8082 127\.0\.0\.1:9000;/);
    expect(render(example("wordpress")).filter((one) => one.trial !== undefined)).toEqual([]);
  });

  it("names where a database outside of the cluster really is, since a policy knows no Services that lead out of it", () => {
    const site = example("wordpress");
    const { database, ...input } = inputFor(site);
    const host = "company.howdah-system.svc";
    const connects = (behind: { behind?: readonly string[] }): unknown =>
      renderSite(site, { ...input, serviceDomain: "x.svc", database: database === null ? null : { ...database, host, ...behind } }).flatMap(
        ({ key, object }) => (key === "Deployment/web" ? [object.metadata.annotations?.["howdah.dev/connects-to"]] : []),
      );
    expect(connects({})).toEqual([`${host}:3306`]);
    expect(connects({ behind: ["10.0.0.6:3307", "10.0.0.5:3306"] })).toEqual([`10.0.0.5:3306 10.0.0.6:3307 ${host}:3306`]);
  });

  it("shows FPM's figures beside PHP that is apart on a cluster, and nothing else", () => {
    const site = { ...example("wordpress"), topology: "apart" as const };
    const containersOf = (input: RenderInput) =>
      renderSite(site, input).flatMap(({ key, object }) =>
        key === "Deployment/php" && object.kind === "Deployment" ? object.spec.template.spec.containers : [],
      );
    expect(containersOf(inputFor(site)).map(({ name }) => name)).toEqual(["php"]);
    const [, status] = containersOf({ ...inputFor(site), serviceDomain: "blog.svc.cluster.local" });
    expect(status).toMatchObject({ name: "status", ports: [{ name: "status", containerPort: 8081 }] });
    expect(status?.volumeMounts.map(({ name }) => name)).toEqual(["run", "tmp", "php"]);
    const files = renderFiles(site, { ...inputFor(site), serviceDomain: "blog.svc.cluster.local" }).php?.["status.conf"];
    expect(files).toContain("location = /-/metrics");
    expect(files).not.toContain("listen 8080");
  });

  it.each<[string, Site["scale"]["web"], string]>([
    ["as many of nginx as of PHP when the file says nothing of it", undefined, "php 3 of 6, web 3 of 6"],
    ["nginx alone, always as many", { replicas: 2 }, "php 3 of 6, web 2"],
    ["nginx alone, up to its own most", { replicas: 2, max: 4 }, "php 3 of 6, web 2 of 4"],
  ])("renders %s", (_name, web, expected) => {
    const { scale, ...site } = example("wordpress");
    const apart: Site = { ...site, topology: "apart", scale: { ...scale, replicas: 3, max: 6, ...(web === undefined ? {} : { web }) } };
    const counts = render(apart).flatMap(({ object }) => {
      const most = object.metadata.annotations?.[MOST_REPLICAS_ANNOTATION];
      return object.kind === "Deployment"
        ? [`${object.metadata.name} ${String(object.spec.replicas)}${most === undefined ? "" : ` of ${most}`}`]
        : [];
    });
    expect(counts.join(", ")).toBe(expected);
  });

  it("rolls pods when a file, a secret or the release changes, and only then", () => {
    const site = example("wordpress");
    const template = (input: RenderInput): string =>
      canonicalJson(renderSite(site, input).flatMap(({ object }) => (object.kind === "Deployment" ? [object.spec.template] : [])));
    const base = template(inputFor(site));
    expect(template({ ...inputFor(site) })).toBe(base);
    expect(template({ ...inputFor(site), secretsDigest: "s2" })).not.toBe(base);
    expect(template({ ...inputFor(site), releaseId: "r2" })).not.toBe(base);
    expect(template({ ...inputFor(site), trustedProxies: ["10.0.0.0/8"] })).not.toBe(base);
  });

  it("gives stopping longer than the longest request", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), (seconds) => {
        const site = example("minimal");
        const { runtime } = site;
        if (runtime === null) throw new Error("minimal has PHP");
        const [pod] = podsOf({ ...site, runtime: { ...runtime, fpm: { ...runtime.fpm, requestTimeoutSeconds: seconds } } });
        expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(seconds);
      }),
      { numRuns: 20 },
    );
  });
});
