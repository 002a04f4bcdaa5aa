import { describe, expect, it } from "vitest";
import { environmentTerms, type EnvironmentWishes, siteOfEnvironment } from "../../site/site-of-environment.ts";
import type { SiteDocument } from "../../site/schema/site-document.ts";
import type { Deployment } from "../objects.ts";
import { renderNginxFiles } from "../nginx/render-nginx-files.ts";
import { apartFacts, exampleFacts, exampleSite } from "../nginx/testing/example-sites.ts";
import { entrypointConfig } from "../php/entrypoint-config.ts";
import { renderFpmConfig } from "../php/fpm-config.ts";
import { renderPhpFiles } from "../php/php-files.ts";
import { siteFixture } from "../php/site-fixture.ts";
import { objectsOf, variants } from "../cluster/testing/variants.ts";
import type { RenderInput } from "../site/render-input.ts";
import { renderSite } from "../site/render-site.ts";
import type { Site } from "../../site/site.ts";

const release = { migration: "m", code: "c" };
const input: RenderInput = {
  images: { web: "web@sha256:1", php: "php@sha256:2" },
  releaseId: "r",
  migration: "m",
  secretsDigest: "s",
  generatedSecret: "generated",
  url: "http://review.blog.localhost",
  trustedProxies: ["10.89.0.1/32"],
  resolver: "10.89.0.1",
  database: null,
};

function environmentOf(production: Site): Site {
  const wishes: EnvironmentWishes = {
    ...{ name: "review", hostname: null, php: null, variables: {}, password: false, idleSeconds: null },
    ...{ size: environmentTerms(production).size, data: { database: null, mounts: {} } },
  };
  return siteOfEnvironment(production, wishes);
}

const fixture = (spec: SiteDocument["spec"] = {}): Site => environmentOf(siteFixture(spec));

describe("an environment's mail", () => {
  it("is none of production's business", () => {
    const production = siteFixture({ variables: { SMTP_HOST: "smtp.example.org" } });
    const text = JSON.stringify([
      renderSite(production, input),
      renderPhpFiles(production, release),
      entrypointConfig(production, release),
    ]);
    expect(text).not.toContain("howdah/mail");
    expect(text).not.toContain("hostAliases");
    expect(text).toContain("smtp.example.org");
  });

  it("has a volume in every pod that runs programs, which hear what they say to production's servers", () => {
    const site = fixture({
      topology: "apart",
      workers: { mailer: { command: "php worker.php" } },
      relationships: { smtp: { host: "smtp.example.org", port: 587 } },
    });
    const objects = renderSite(site, input).map(({ object }) => object);
    expect(objects.some(({ kind, metadata }) => kind === "PersistentVolumeClaim" && metadata.name === "mail")).toBe(true);
    const pods = objects.filter((object): object is Deployment => object.kind === "Deployment");
    const facts = pods.map(({ metadata, spec: { template } }) => [
      metadata.name,
      template.spec.containers.flatMap(({ name, volumeMounts }) => (volumeMounts.some((mount) => mount.name === "mail") ? [name] : [])),
      template.spec.hostAliases,
      template.spec.securityContext,
    ]);
    const heard = [
      [{ ip: "127.0.0.1", hostnames: ["smtp.example.org"] }],
      { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "25" }] },
    ];
    expect(facts).toEqual([
      ["php", ["php"], ...heard],
      ["web", [], undefined, undefined],
      ["worker-mailer", ["worker"], ...heard],
    ]);
    const php = pods[0]?.spec.template.spec.containers[0];
    expect(php?.env).toContainEqual({ name: "SMTP_HOST", value: "127.0.0.1" });
    expect(php?.env).toContainEqual({ name: "SMTP_PORT", value: "1025" });
  });

  it("is taken by the entrypoint on the loopback", () => {
    expect(entrypointConfig(fixture(), release).mail).toEqual({ directory: "/var/lib/howdah/mail", ports: [25, 587, 1025, 2525] });
  });

  it("is caught from mail() and from sendmail, whatever the site says of them", () => {
    const ini = { disable_functions: "exec,passthru", auto_prepend_file: "/srv/web/waf.php", sendmail_path: "/usr/sbin/sendmail" };
    const site = fixture({ runtime: { php: "8.4", ini } });
    const files = renderPhpFiles(site, release);
    const lines = files?.["php.ini"]?.split("\n").filter((line) => /mail|prepend|disable_f/.test(line));
    expect(lines).toEqual([
      "auto_prepend_file = '/etc/howdah/mail-function.php'",
      "disable_functions = 'exec,passthru,mail,mb_send_mail'",
      "howdah.auto_prepend_file = '/srv/web/waf.php'",
      "sendmail_path = '/usr/bin/php -n /usr/lib/howdah/mail/sendmail.php -t -i'",
    ]);
    expect(site.runtime === null ? "" : renderFpmConfig(site, site.runtime)).toContain("php_admin_value[auto_prepend_file]");
    expect(files?.["mail-function.php"]).toContain("require_once '/usr/lib/howdah/mail/function.php'");
  });

  it("is sendmail's business in PHP 7.4, where nobody can define mail() anew", () => {
    const files = renderPhpFiles(fixture({ runtime: { php: "7.4" } }), release);
    expect(files?.["php.ini"]).toContain("sendmail.php");
    expect(files?.["php.ini"]).not.toContain("disable_functions");
    expect(Object.keys(files ?? {})).not.toContain("mail-function.php");
  });

  it.each(["wordpress", "laravel", "routes", "apart"] as const)(
    "is shown under the environment's own name, before the rewrites of %s",
    (name) => {
      const { "nginx.conf": text = "" } = renderNginxFiles(environmentOf(exampleSite(name)), name === "apart" ? apartFacts : exampleFacts);
      expect(text).toContain("location ^~ /-/mail/ {");
      expect(text).toContain("fastcgi_param SCRIPT_FILENAME /usr/lib/howdah/mail/view.php;");
      const rewrites = text.indexOf("    rewrite ");
      if (rewrites > 0) expect(text.indexOf('"^/-/mail(?:/|$)"')).toBeLessThan(rewrites);
    },
  );

  it("is heard on a cluster as well, in a pod that keeps every other bound", () => {
    const [variant] = variants;
    if (variant === undefined) throw new Error("no variant");
    const site = fixture({ relationships: { smtp: { host: "smtp.example.org", port: 587 } } });
    const [pod] = objectsOf({ ...variant, site }).flatMap((object) =>
      object.kind === "Deployment" ? [(object["spec"] as { readonly template: { readonly spec: object } }).template.spec] : [],
    );
    expect(pod).toMatchObject({
      hostAliases: [{ ip: "127.0.0.1", hostnames: ["smtp.example.org"] }],
      securityContext: { runAsNonRoot: true, sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "25" }] },
    });
  });

  it("is nothing of a static site's", () => {
    const { "nginx.conf": text = "" } = renderNginxFiles(environmentOf(exampleSite("static")), exampleFacts);
    expect(text).not.toContain("/-/mail");
  });
});
