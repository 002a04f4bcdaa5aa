import { arch } from "node:process";

/** Debian's name of the architecture that this process runs on: of it are the packages. */
export function debianArchitecture(name: string = arch): string {
  return { x64: "amd64", ia32: "i386", arm: "armhf", ppc64: "ppc64el" }[name] ?? name;
}
