import { isAbsolute } from "node:path";
import { parseArgs } from "node:util";
import { HowdahError } from "../kernel/howdah-error.ts";

/** What the driver is started with. */
export interface DriverOptions {
  /** The node's name in Kubernetes. */
  readonly node: string;
  /** Where volumes lie. */
  readonly directory: string;
  /** The socket for sidecars and the kubelet. */
  readonly socket: string;
  /** Where kubelets look for plugins, and what the socket is called there; null: nobody is told (tests). */
  readonly registration: { readonly directory: string; readonly endpoint: string } | null;
  /** How large the file may become that volumes lie in where the disk can't copy on write; null: as the disk. */
  readonly limitBytes: number | null;
}

/** The words after `--help`. */
export const HELP = `howdah-csi: volumes of this node for Kubernetes (csi.howdah.dev)

  --node NAME               the node's name in Kubernetes
  --directory DIR           where volumes lie: best on btrfs, else on XFS; on any other disk a file with btrfs is made there
  --socket PATH             where sidecars and the kubelet speak to it
  --registration DIR        the kubelet's directory of plugins (/var/lib/kubelet/plugins_registry)
  --registered-socket PATH  the socket as the kubelet sees it, when that is another path
  --limit BYTES             how large that file may become

Example:
  howdah-csi --node node-1 --directory /var/lib/howdah-csi --socket /csi/csi.sock --registration /registration \\
    --registered-socket /var/lib/kubelet/plugins/csi.howdah.dev/csi.sock
`;

/** Arguments as options; null when only help is asked for. Error: `usage/invalid`. */
export function parseDriverOptions(argv: readonly string[]): DriverOptions | null {
  const text = { type: "string" } as const;
  const { values } = parsed(() =>
    parseArgs({
      args: [...argv],
      options: {
        ...{ node: text, directory: text, socket: text, registration: text, limit: text, "registered-socket": text },
        help: { type: "boolean", short: "h" },
      },
    }),
  );
  if (values.help === true) return null;
  const socket = path(values.socket, "--socket");
  const directory = values.registration;
  const endpoint = path(values["registered-socket"] ?? socket, "--registered-socket");
  if (values.node === undefined || values.node === "") throw new HowdahError("usage/invalid", "--node is missing");
  return {
    node: values.node,
    directory: path(values.directory, "--directory"),
    socket,
    registration: directory === undefined ? null : { directory: path(directory, "--registration"), endpoint },
    limitBytes: values.limit === undefined ? null : bytes(values.limit),
  };
}

function parsed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new HowdahError("usage/invalid", (error as Error).message, { cause: error });
  }
}

function path(value: string | undefined, flag: string): string {
  if (value !== undefined && isAbsolute(value)) return value;
  throw new HowdahError("usage/invalid", `${flag} must be an absolute path`);
}

function bytes(value: string): number {
  if (/^[1-9]\d{0,15}$/.test(value)) return Number(value);
  throw new HowdahError("usage/invalid", "--limit is a number of bytes");
}
