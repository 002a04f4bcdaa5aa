import { printPurl } from "../sbom/purl.ts";

/** Where provenance says that it was made: the program, wherever it ran. */
const BUILDER = "https://howdah.dev/builder/v1";
/** How to read the parameters: docs/how-to/sign-and-verify.md. */
const BUILD_TYPE = "https://howdah.dev/build/v1alpha1";

export const SLSA_PROVENANCE = "https://slsa.dev/provenance/v1";
export const SPDX_PREDICATE = "https://spdx.dev/Document";

/** An in-toto statement, version 1: something said of an image. */
export interface Statement {
  readonly _type: "https://in-toto.io/Statement/v1";
  readonly subject: readonly { readonly name: string; readonly digest: Readonly<Record<string, string>> }[];
  readonly predicateType: string;
  readonly predicate: unknown;
}

/** A thing that a build took in, as SLSA describes it. */
interface ResourceDescriptor {
  readonly name?: string;
  readonly uri?: string;
  readonly digest: Readonly<Record<string, string>>;
}

/** What is known of one image's origin. Digests are `sha256:…`. */
export interface ProvenanceRequest {
  readonly site: string;
  readonly role: "web" | "php";
  /** Digest of the site's code, as the build hooks left it. */
  readonly codeDigest: string;
  /** sha256 of the site file and of the lock file, in hex. */
  readonly siteFile: string;
  readonly lockFile: string;
  /** Argument arrays of the build hooks. */
  readonly hooks: readonly (readonly string[])[];
  /** Null outside of version control. `uri`: `git+https://…`, null without a remote repository. */
  readonly git: { readonly commit: string; readonly branch: string | null; readonly dirty: boolean; readonly uri: string | null } | null;
  /** The image below. `uri` for one of somebody else. */
  readonly base: { readonly name: string; readonly digest: string; readonly uri?: string };
  /** Pinned packages of the base and of the builders that hooks ran in. */
  readonly packages: readonly {
    readonly name: string;
    readonly version: string;
    readonly architecture: string;
    readonly sha256: string;
    readonly distro: string;
  }[];
  /** Howdah's version. */
  readonly version: string;
}

/** A statement about an image. */
export function statementOf(
  subject: { readonly name: string; readonly digest: string },
  predicateType: string,
  predicate: unknown,
): Statement {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: subject.name, digest: { sha256: hexOf(subject.digest) } }],
    predicateType,
    predicate,
  };
}

/**
 * SLSA's provenance, version 1: what an image was made from. It has no time and no number of the run (SLSA leaves both optional): the same
 * build gives the same statement, so that what is in a registry needs not be sent again.
 */
export function provenance(request: ProvenanceRequest): object {
  const { site, role, codeDigest, siteFile, lockFile, hooks, git, base, version } = request;
  const source: ResourceDescriptor[] =
    git === null
      ? []
      : [{ name: "source", ...(git.uri === null ? {} : { uri: withBranch(git.uri, git.branch) }), digest: { gitCommit: git.commit } }];
  const below = {
    name: "base",
    uri: base.uri ?? printPurl({ type: "oci", name: base.name, version: base.digest }),
    digest: { sha256: hexOf(base.digest) },
  };
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: { site, image: role, siteFile: { digest: { sha256: siteFile } }, buildHooks: hooks },
      internalParameters: {
        code: { digest: { sha256: hexOf(codeDigest) } },
        // SLSA has no word for it: the tree that was built differs from the commit
        ...(git === null ? {} : { dirty: git.dirty }),
      },
      resolvedDependencies: [...source, { name: "howdah.lock", digest: { sha256: lockFile } }, below, ...packages(request)],
    },
    runDetails: { builder: { id: BUILDER, version: { howdah: version } } },
  };
}

function packages(request: ProvenanceRequest): readonly ResourceDescriptor[] {
  const all = request.packages.map(({ name, version, architecture, distro, sha256 }) => ({
    uri: printPurl({ type: "deb", namespace: "debian", name, version, qualifiers: { arch: architecture, distro } }),
    digest: { sha256 },
  }));
  return [...new Map(all.map((one) => [one.uri, one])).values()].sort((a, b) => (a.uri < b.uri ? -1 : 1));
}

function withBranch(uri: string, branch: string | null): string {
  return branch === null ? uri : `${uri}@refs/heads/${branch}`;
}

function hexOf(digest: string): string {
  return digest.replace(/^sha256:/, "");
}
