import { busyboxApplets } from "../../catalog/busybox-applets.ts";
import { type Suite, suites } from "../../catalog/debian-suites.ts";
import { RUN_AS } from "../../kernel/label.ts";
import { type Alternative, parseAlternatives } from "./alternatives.ts";
import type { ImageTree } from "./image-tree.ts";

/** What the packages' scripts and the installer would have left behind; without it programs find neither users nor names nor certificates. */
export async function writeSystemFiles(tree: ImageTree, suite: Suite): Promise<void> {
  for (const name of ["bin", "lib", "lib64", "sbin"]) tree.link(name, `usr/${name}`);
  for (const name of [
    "usr/bin",
    "usr/lib",
    "usr/lib64",
    "usr/sbin",
    "dev",
    "proc",
    "sys",
    "run",
    "etc/howdah",
    "srv/web",
    "usr/lib/howdah",
  ]) {
    tree.set(name, { type: "directory", mode: 0o755 });
  }
  // a tmpfs that podman mounts over a directory takes the directory's mode
  for (const name of ["tmp", "run", "var/tmp"]) tree.set(name, { type: "directory", mode: 0o1777 });
  tree.set("root", { type: "directory", mode: 0o700 });
  tree.link("var/run", "/run");
  tree.link("etc/mtab", "/proc/mounts");
  await tree.write(
    "etc/passwd",
    accounts((name, id, home) => `${name}:x:${id}:${id}:${name}:${home}:/usr/sbin/nologin`),
  );
  await tree.write(
    "etc/group",
    accounts((name, id) => `${name}:x:${id}:`),
  );
  await tree.write(
    "etc/nsswitch.conf",
    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nservices: files\nprotocols: files\n",
  );
  await tree.write("etc/os-release", osRelease(suite));
  await tree.write("etc/debian_version", `${suites[suite].versionId}\n`);
  if (tree.resolve("usr/share/zoneinfo/Etc/UTC") !== undefined) tree.link("etc/localtime", "/usr/share/zoneinfo/Etc/UTC");
  await tree.write("etc/timezone", "Etc/UTC\n");
  await writeCertificates(tree);
}

function accounts(line: (name: string, id: number, home: string) => string): string {
  const users: readonly (readonly [string, number, string])[] = [
    ["root", 0, "/root"],
    ["nobody", 65534, "/nonexistent"],
    ["howdah", RUN_AS, "/tmp"],
  ];
  return users.map(([name, id, home]) => `${line(name, id, home)}\n`).join("");
}

function osRelease(suite: Suite): string {
  const { versionId } = suites[suite];
  return [
    `PRETTY_NAME="Debian GNU/Linux ${versionId} (${suite})"`,
    'NAME="Debian GNU/Linux"',
    `VERSION_ID="${versionId}"`,
    `VERSION="${versionId} (${suite})"`,
    `VERSION_CODENAME=${suite}`,
    "ID=debian",
    "",
  ].join("\n");
}

/** One file of all authorities, where curl, OpenSSL and PHP look for it; the single ones are not needed then. */
async function writeCertificates(tree: ImageTree): Promise<void> {
  const parts: Buffer[] = [];
  for (const path of tree.paths()) {
    const entry = tree.get(path);
    if (!/^usr\/share\/ca-certificates\/.+\.crt$/.test(path) || entry?.type !== "file") continue;
    const text = await tree.read(entry);
    parts.push(text, Buffer.from(text.at(-1) === 10 ? "" : "\n"));
    tree.delete(path);
  }
  if (parts.length === 0) return;
  await tree.write("etc/ssl/certs/ca-certificates.crt", Buffer.concat(parts));
  tree.link("usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt");
  tree.link("usr/lib/ssl/certs", "/etc/ssl/certs");
}

/** Links the names that Debian's alternatives would choose (`convert`, `awk`): highest priority first, then by name; what is there already wins. */
export function linkAlternatives(tree: ImageTree, postinsts: readonly string[]): void {
  const best = new Map<string, Alternative>();
  for (const found of postinsts.flatMap(parseAlternatives)) {
    const former = best.get(found.link);
    if (tree.resolve(found.path) === undefined) continue;
    if (former === undefined || found.priority > former.priority || (found.priority === former.priority && found.path < former.path)) {
      best.set(found.link, found);
    }
  }
  for (const [link, { path }] of best) {
    const place = link.slice(1);
    if (tree.resolve(place) === undefined && !place.startsWith("usr/share/man/")) tree.link(place, path);
  }
}

/** A shell, and busybox for every program that no package brings. */
export function linkBusybox(tree: ImageTree): void {
  const busybox = ["usr/bin/busybox", "usr/sbin/busybox"].find((path) => tree.get(path) !== undefined);
  if (busybox === undefined) return;
  if (tree.get("usr/bin/sh") === undefined && tree.get("usr/bin/dash") !== undefined) tree.link("usr/bin/sh", "dash");
  for (const applet of busyboxApplets) {
    if (tree.get(`usr/bin/${applet}`) === undefined && tree.get(`usr/sbin/${applet}`) === undefined) {
      tree.link(`usr/bin/${applet}`, `/${busybox}`);
    }
  }
}
