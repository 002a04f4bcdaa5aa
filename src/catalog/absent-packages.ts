/**
 * Packages that Debian's dependencies name but no container of ours needs: they serve installing, booting and administering a machine.
 * The resolver is told that they are there already, so neither they nor what only they need is fetched. A gate over every ELF file of the
 * finished image catches a library that would be missed.
 */
const machinery = (
  "adduser apt bsdutils debconf debianutils dpkg e2fsprogs hostname init init-system-helpers install-info login logsave lsb-base " +
  "mount passwd procps psmisc sensible-utils systemd systemd-standalone-tmpfiles systemd-sysv systemd-timesyncd sysvinit-utils ucf udev " +
  "util-linux base-files base-passwd gcc-14-base gcc-12-base gcc-10-base usrmerge usr-is-merged libsystemd-shared"
).split(" ");

/** Programs that maintainer scripts want, and a slim image has no use for: no shell starts them. */
const tools = (
  "bash coreutils dash diffutils findutils gawk grep gzip iproute2 libconfig-inifiles-perl libdbi-perl mawk openssl perl perl-base " +
  "perl-modules-5.32 perl-modules-5.36 perl-modules-5.40 sed tar"
).split(" ");

/** Virtual packages that the above provide. */
const virtual = ["debconf-2.0", "systemd-tmpfiles", "awk", "perl-openssl-abi-3"];

/** Header packages that a run-time package depends on by mistake (libnginx-mod-http-modsecurity). */
const headers = ["libmodsecurity-dev"];

/** What to leave out of an image. `wanted` are packages asked for by name: they and their tools are never left out. */
export function absentPackages(kind: "slim" | "with-tools", wanted: readonly string[]): readonly string[] {
  const names =
    kind === "slim" ? [...machinery, ...tools, ...virtual, ...headers] : [...machinery, ...headers, "debconf-2.0", "systemd-tmpfiles"];
  return names.filter((name) => !wanted.includes(name)).sort();
}
