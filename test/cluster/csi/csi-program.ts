import { buildGoProgram } from "../go-program.ts";

const programs = {
  "csi-sanity": "github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity",
  "csi-provisioner": "github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner",
  "csi-snapshotter": "github.com/kubernetes-csi/external-snapshotter/v8/cmd/csi-snapshotter",
  "snapshot-controller": "github.com/kubernetes-csi/external-snapshotter/v8/cmd/snapshot-controller",
} as const;

/** The programs that Kubernetes' storage group makes for drivers, and the suite with which they are tried. */
export type CsiProgram = keyof typeof programs;

/** One of them, built from its pinned Go module once on a machine. They share a module, so that they share most of what is compiled. */
export function csiProgram(name: CsiProgram, cache: string, say: (line: string) => void): Promise<string> {
  return buildGoProgram({ name, module: import.meta.dirname, package: programs[name], static: true }, cache, say);
}
