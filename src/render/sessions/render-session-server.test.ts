import { describe, expect, it } from "vitest";
import type { Manifest, NetworkPolicy, StatefulSet } from "../objects.ts";
import { siteFixture } from "../php/site-fixture.ts";
import { keepsSessionsApart, sharesSessions, wantsSessionServer } from "../php/sessions.ts";
import { renderSite } from "../site/render-site.ts";
import { renderSessionServer } from "./render-session-server.ts";
import { sessionUsers, withoutSessionPassword } from "./session-server.ts";
import { VALKEY_PATHS, valkeyConfig } from "./valkey-config.ts";

type Spec = Parameters<typeof siteFixture>[0];

const server = { image: "sessions:1", secretName: "sessions", secretDigest: "d1" };
const scale = { replicas: 2 };
const input = {
  images: { web: "web:1", php: "php:1" },
  ...{ url: "http://blog.localhost", resolver: "10.0.0.1", trustedProxies: [], database: null },
  ...{ generatedSecret: "generated", secretsDigest: "s1", releaseId: "r1", migration: "m1" },
};
const find = <K extends Manifest["kind"]>(kind: K, objects: readonly Manifest[]): Extract<Manifest, { kind: K }> | undefined =>
  objects.find((one): one is Extract<Manifest, { kind: K }> => one.kind === kind);
const objects = (spec: Spec = { scale }, of = server): readonly Manifest[] => renderSessionServer(siteFixture(spec), of);
const settingsOf = (text: string): Record<string, string> =>
  Object.fromEntries(text.split("\n").map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]));

describe("where sessions are", () => {
  it.each<{ name: string; spec: Spec; place: string }>([
    { name: "one pod", spec: {}, place: "in the pod" },
    { name: "several pods", spec: { scale }, place: "server" },
    { name: "one pod that may become several", spec: { scale: { max: 4 } }, place: "server" },
    { name: "several pods with a cache of their own", spec: { scale, mounts: { cache: { storage: "local" } } }, place: "server" },
    { name: "several pods with a shared mount", spec: { scale, mounts: { files: {} } }, place: "volume" },
    { name: "several pods with writable code", spec: { scale, code: "writable" }, place: "volume" },
    { name: "what the site file says", spec: { scale, runtime: { php: "8.4", ini: { "session.save_path": "/x" } } }, place: "in the pod" },
    { name: "an image of one's own", spec: { scale, runtime: { php: "8.4", image: "example.org/php:1" } }, place: "in each pod, told" },
  ])("$name: $place", ({ spec, place }) => {
    const site = siteFixture(spec);
    const found = [sharesSessions(site) && "volume", wantsSessionServer(site) && "server", keepsSessionsApart(site) && "in each pod, told"];
    expect(found.filter((one) => one !== false)).toEqual(place === "in the pod" ? [] : [place]);
  });
});

describe("the server of sessions", () => {
  it("is one pod with a claim of its own, files that are read-only, and no more than it needs", () => {
    const spec = find("StatefulSet", objects())?.spec;
    const container = spec?.template.spec.containers[0];
    expect(spec?.replicas).toBe(1);
    expect(container?.securityContext).toMatchObject({ readOnlyRootFilesystem: true, runAsUser: 50_000, capabilities: { drop: ["ALL"] } });
    expect(container?.volumeMounts.filter(({ readOnly }) => readOnly !== true).map(({ mountPath }) => mountPath)).toEqual([
      VALKEY_PATHS.data,
    ]);
    expect(find("PersistentVolumeClaim", objects())?.spec.accessModes).toEqual(["ReadWriteOnce"]);
    expect(JSON.stringify(objects())).not.toMatch(/"env":\[[^\]]/);
  });

  it("lets in PHP, workers and crons, and nginx only where PHP is beside it", () => {
    const workers = { mail: { command: "php mail.php" } };
    const letIn = (spec: Spec): readonly (string | undefined)[] => {
      const policy: NetworkPolicy | undefined = find("NetworkPolicy", objects(spec));
      return (policy?.spec.ingress[0]?.from ?? []).map(({ podSelector }) => podSelector.matchLabels["app.kubernetes.io/component"]);
    };
    expect(letIn({ scale, workers })).toEqual(["web", "worker-mail", "cron"]);
    expect(letIn({ scale, workers, topology: "apart" })).toEqual(["php", "worker-mail", "cron"]);
  });

  it("is restarted by another image, password or configuration, and by no release of the code", () => {
    const template = (release: object, of = server): unknown => {
      const site = siteFixture({ scale });
      const found = renderSite(site, { ...input, ...release, sessions: of }).find(({ key }) => key === "StatefulSet/sessions");
      return (found?.object as StatefulSet | undefined)?.spec.template;
    };
    const now = template({});
    expect(template({ releaseId: "r2", migration: "m2", secretsDigest: "s2", images: { web: "web:2", php: "php:2" } })).toEqual(now);
    expect(template({}, { ...server, image: "sessions:2" })).not.toEqual(now);
    expect(template({}, { ...server, secretDigest: "d2" })).not.toEqual(now);
  });

  it("is asked by PHP with the password of a Secret, and PHP is replaced when that changes", () => {
    const php = (secretDigest: string): string =>
      JSON.stringify(
        renderSite(siteFixture({ scale }), { ...input, sessions: { ...server, secretDigest } }).filter(
          ({ key }) => key === "Deployment/web",
        ),
      );
    expect(php("d1")).toContain('{"name":"HOWDAH_SESSIONS_PASSWORD","valueFrom":{"secretKeyRef":{"name":"sessions","key":"password"}}}');
    expect(php("d2")).not.toBe(php("d1"));
  });

  it("is a pod that any node may have, without a claim, where volumes lie on one node's disk", () => {
    const all = renderSessionServer(siteFixture({ scale }), server, true);
    expect(all.map(({ kind }) => kind).toSorted()).toEqual(["ConfigMap", "Deployment", "NetworkPolicy", "Service"]);
    const spec = find("Deployment", all)?.spec;
    expect(spec).toMatchObject({ replicas: 1, selector: find("StatefulSet", objects())?.spec.selector });
    expect(spec?.template.spec.volumes).toContainEqual({ name: "data", emptyDir: { sizeLimit: "1Gi" } });
    expect(spec?.template.spec.containers).toEqual(find("StatefulSet", objects())?.spec.template.spec.containers);
    const keys = renderSite(siteFixture({ scale }), { ...input, sessions: server, sessionsInMemory: true }).map(({ key }) => key);
    expect(keys).toContain("Deployment/sessions");
    expect(keys).not.toContain("StatefulSet/sessions");
  });

  it("is not there without an image for it, as in releases of before", () => {
    const keys = renderSite(siteFixture({ scale }), input).map(({ key }) => key);
    expect(keys.filter((key) => /session/.test(key))).toEqual([]);
  });
});

describe("valkey.conf", () => {
  it("writes sessions down, drops the oldest when memory is full, and knows who may ask", () => {
    expect(settingsOf(valkeyConfig())).toMatchObject({
      ...{ appendonly: "yes", appendfsync: "everysec", save: '""' },
      ...{ "maxmemory-policy": "volatile-lru", maxmemory: "67108864" },
      aclfile: `${VALKEY_PATHS.users}/users.acl`,
    });
  });

  it.each<[string, string]>([
    ["dir x", "y"],
    ["dir", "a b"],
    ["dir", "a\nport 1"],
  ])("refuses %j %j", (key, value) =>
    expect(() => valkeyConfig([[key, value]])).toThrow(expect.objectContaining({ code: "render/unsafe" })),
  );
});

describe("the server's users", () => {
  const users = sessionUsers("a".repeat(40)).split("\n");

  it("are PHP, which may touch sessions only, and whoever asks whether it is alive", () => {
    expect(users[0]).toBe("user default on nopass -@all +ping");
    expect(users[1]).toMatch(/^user php on >a{40} ~PHPREDIS_SESSION\* -@all /);
    expect(users[1]).not.toMatch(/\+(@|config|flush|keys|scan|debug|module|replicaof|save|shutdown)/);
  });

  it("have no password that could be another rule", () => expect(() => sessionUsers(`${"a".repeat(40)} +@all`)).toThrow(TypeError));
});

describe("a line of PHP's that says where sessions are", () => {
  const said = (password: string): string =>
    `PHP Warning:  session_start(): Failed to read session data: redis (path: tcp://sessions:6379?timeout=1&auth[]=php&auth[]=${password}) in /app/index.php on line 3`;

  it.each([
    { name: "a warning", line: said("a1B2".repeat(10)), shown: said("…") },
    { name: "two in one line", line: `${said("secret1")} ${said("secret2")}`, shown: `${said("…")} ${said("…")}` },
    { name: "any other line", line: "auth[]=ann", shown: "auth[]=ann" },
  ])("keeps its password to itself: $name", ({ line, shown }) => {
    expect(withoutSessionPassword(line)).toBe(shown);
  });
});
