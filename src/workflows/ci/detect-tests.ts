/** How a tree is tested. */
export interface DetectedTests {
  readonly command: readonly string[];
  /** The report that the command writes. */
  readonly report: string | null;
}

const REPORT = "junit.xml";

/**
 * How a site is tested, from what its tree shows: composer's own script `test`, which its authors mean, else PHPUnit's configuration.
 * `read` answers a file's text, or undefined. Undefined when nothing shows it.
 */
export async function detectTests(read: (path: string) => Promise<string | undefined>): Promise<DetectedTests | undefined> {
  if (hasTestScript(await read("composer.json"))) return { command: ["composer", "test"], report: null };
  for (const name of ["phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml"]) {
    if ((await read(name)) !== undefined) return { command: ["vendor/bin/phpunit", "--log-junit", REPORT], report: REPORT };
  }
  return undefined;
}

function hasTestScript(text: string | undefined): boolean {
  try {
    const { scripts } = JSON.parse(text ?? "{}") as { readonly scripts?: Readonly<Record<string, unknown>> };
    return typeof scripts === "object" && Object.hasOwn(scripts, "test");
  } catch {
    return false; // not ours to judge
  }
}
