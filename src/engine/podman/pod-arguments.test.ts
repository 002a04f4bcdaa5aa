import { describe, expect, it } from "vitest";
import type { Container, PodSpec } from "../../render/objects.ts";
import { tinyDeployment } from "../contract-objects.ts";
import { containerArguments, onceArguments, type PodPlan, podArguments, type VolumeSource } from "./pod-arguments.ts";

const sources: [string, VolumeSource][] = [
  ["data", { from: "volume", name: "howdah.blog.data", path: "/volumes/data" }],
  ["tmp", { from: "path", path: "/run/howdah/pods/p/tmp", readOnly: false }],
  ["scratch", { from: "path", path: "/var/lib/howdah/pods/p/scratch", readOnly: false }],
  ["files", { from: "path", path: "/var/lib/howdah/files.1", readOnly: true }],
  ["secret", { from: "path", path: "/run/howdah/secrets/1", readOnly: true }],
];

const tiny = tinyDeployment({ image: "img", behave: ["serve", "a b; $(c)"], secret: "login" }).object.spec.template.spec;

function planOf(change: Partial<PodPlan> = {}): PodPlan {
  return {
    pod: "howdah.blog.tiny.0123abcd.0",
    hostname: "tiny-0",
    network: "howdah.blog",
    aliases: ["tiny", "tiny.blog"],
    labels: { "howdah.dev/namespace": "blog" },
    spec: tiny,
    volumes: new Map(sources),
    secretName: (secret, key) => `howdah.blog.${secret}.v1.${key}`,
    limits: { memory: true, cpu: true, pids: true },
    attempt: "2026-11-21T12:00:00.000Z",
    ...change,
  };
}

function containerOf(change: Partial<Container> = {}): Container {
  return { ...(tiny.containers[0] as Container), ...change };
}

const argumentsOf = (change: Partial<Container> = {}, plan: Partial<PodPlan> = {}): string[] =>
  containerArguments(planOf(plan), containerOf(change), "main");

describe("a pod for podman", () => {
  it("shares its network under the names of its Services", () => {
    expect(podArguments(planOf())).toEqual([
      ...["pod", "create", "--name=howdah.blog.tiny.0123abcd.0", "--infra-name=howdah.blog.tiny.0123abcd.0._infra", "--hostname=tiny-0"],
      ...[
        "--network=howdah.blog",
        "--dns-option=timeout:1",
        "--dns-option=attempts:5",
        "--share=net,uts",
        "--network-alias=tiny",
        "--network-alias=tiny.blog",
        "--label=howdah.dev/namespace=blog",
      ],
    ]);
  });

  it("gets a container with everything that the object says", () => {
    expect(argumentsOf()).toEqual([
      ...["create", "--name=howdah.blog.tiny.0123abcd.0.main", "--pod=howdah.blog.tiny.0123abcd.0", "--restart=on-failure:5"],
      ...["--label=howdah.dev/namespace=blog", "--label=howdah.dev/container=main", "--label=howdah.dev/role=main"],
      "--label=howdah.dev/secrets=howdah.blog.login.v1.password",
      ...["--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges", "--user=50000:50000"],
      ...["--memory=67108864b", "--memory-swap=67108864b", "--cpus=1", "--pids-limit=512"],
      ...[
        "--stop-signal=SIGQUIT",
        "--stop-timeout=3",
        "--no-healthcheck",
        "--pull=never",
        "--log-driver=k8s-file",
        "--log-opt=max-size=10mb",
      ],
      ...["--env=PLAIN=plain", "--secret=howdah.blog.login.v1.password,type=env,target=PASSWORD"],
      "--volume=howdah.blog.data:/data:rw,nosuid,nodev,nocopy",
      "--volume=/run/howdah/pods/p/tmp:/tmp:rw,nosuid,nodev",
      "--volume=/var/lib/howdah/pods/p/scratch:/scratch:rw,nosuid,nodev",
      "--volume=/var/lib/howdah/files.1:/srv/web:ro,nosuid,nodev",
      "--volume=/run/howdah/secrets/1:/srv/secret:ro,nosuid,nodev",
      "--env=HOWDAH_ATTEMPT=2026-11-21T12:00:00.000Z",
      ...['--entrypoint=["behave"]', "img", "serve", "a b; $(c)"],
    ]);
  });

  it.each<{ name: string; change: Partial<Container>; plan?: Partial<PodPlan>; has: string[]; lacks?: RegExp }>([
    {
      name: "keeps the image's entrypoint without a command",
      change: { command: [], args: ["x"] },
      has: ["img", "x"],
      lacks: /^--entrypoint/,
    },
    { name: "works in a directory", change: { workingDir: "/srv/web" }, has: ["--workdir=/srv/web"] },
    {
      name: "mounts a part of a volume by its path",
      change: { volumeMounts: [{ name: "data", mountPath: "/up", subPath: "a/b", readOnly: true }] },
      has: ["--volume=/volumes/data/a/b:/up:ro,nosuid,nodev"],
    },
    {
      name: "leaves limits out that the machine can't keep",
      change: {},
      plan: { limits: { memory: false, cpu: false, pids: false } },
      has: ["--cap-drop=all"],
      lacks: /^--(memory|cpus|pids)/,
    },
  ])("$name", ({ change, plan, has, lacks }) => {
    const argv = argumentsOf(change, plan);
    expect(argv).toEqual(expect.arrayContaining(has));
    if (lacks !== undefined) expect(argv.filter((word) => lacks.test(word))).toEqual([]);
  });

  it.each([
    ["a colon", { name: "data", mountPath: "/a:/etc" }],
    ["a relative path", { name: "data", mountPath: "etc" }],
    ["a way up", { name: "data", mountPath: "/srv/../etc" }],
    ["a way out of the volume", { name: "data", mountPath: "/a", subPath: "../b" }],
    ["a line end", { name: "data", mountPath: "/a\n" }],
    ["an unknown volume", { name: "none", mountPath: "/a" }],
  ])("refuses to mount %s", (_name, mount) => {
    expect(() => argumentsOf({ volumeMounts: [mount] })).toThrow(expect.objectContaining({ code: "render/unsafe" }) as Error);
  });

  it("never carries a secret's value", () => {
    const words = [...argumentsOf(), ...podArguments(planOf())].join(" ");
    expect(words).not.toMatch(/PASSWORD=/);
  });

  it("lends its likeness to a program that runs once", () => {
    const spec: PodSpec = tiny;
    const hosts = [{ address: "10.0.0.3", names: ["store", "store.shared"] }];
    const once = { name: "once-1", argv: ["wp", "--version"], tty: true, env: { A: "b" }, user: 0, hosts };
    const argv = onceArguments(planOf({ spec }), containerOf(), once);
    expect(argv.slice(0, 5)).toEqual(["run", "--interactive", "--tty", "--name=once-1", "--network=howdah.blog"]);
    expect(argv).toEqual(expect.arrayContaining(["--add-host=store:10.0.0.3", "--add-host=store.shared:10.0.0.3"]));
    expect(argv).toEqual(expect.arrayContaining(["--label=howdah.dev/role=once", "--env=A=b", "--user=0:0", "--read-only"]));
    expect(argv.slice(-4)).toEqual(["--entrypoint=", "img", "wp", "--version"]);
  });
});
