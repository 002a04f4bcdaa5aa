import type { GitState } from "../../providers/git/git-state.ts";
import type { Ports } from "../ports.ts";

/** Where the code of a build is in version control: one reading for the tags and for what is said of every image. */
export interface SourcePlace extends GitState {
  /** Tags of the commit. */
  readonly tags: readonly string[];
  /** `git+https://…`; null when the repository came from nowhere that others could reach. */
  readonly uri: string | null;
}

type SourcePorts = Pick<Ports, "git" | "gitTags" | "gitRemote">;

/**
 * Builds between two readings of version control, and answers with where the code was: null in none. When the readings differ, what was built is
 * no commit of either, and it counts as changed. `signed`: when git can't say, that is an error before the build (`machine/tool-missing`,
 * `machine/tool-failed`); otherwise it counts as none. Errors: the build's as well.
 */
export async function buildFromSource<T>(
  source: string,
  { signed }: { readonly signed: boolean },
  ports: SourcePorts,
  build: () => Promise<T>,
): Promise<{ readonly place: SourcePlace | null; readonly built: T }> {
  const read = (): Promise<SourcePlace | null> =>
    readPlace(source, ports).catch((error: unknown) => {
      if (signed) throw error;
      return null;
    });
  const before = await read();
  const built = await build();
  const after = await read();
  const place = before ?? after;
  const same = before?.commit === after?.commit && before?.branch === after?.branch && before?.dirty === after?.dirty;
  return { place: place === null ? null : { ...place, dirty: place.dirty || !same }, built };
}

async function readPlace(source: string, ports: SourcePorts): Promise<SourcePlace | null> {
  const [state, tags, uri] = await Promise.all([ports.git(source, { exact: true }), ports.gitTags(source), ports.gitRemote(source)]);
  return state === null ? null : { ...state, tags, uri };
}
