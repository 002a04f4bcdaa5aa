import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { cliReference } from "../src/cli/reference/cli-reference.ts";
import { errorReference } from "../src/cli/reference/error-reference.ts";
import { crds } from "../src/resources/crds.ts";
import { VERSION } from "../src/cli/version.ts";
import { chartFiles, operatorManifest } from "../src/resources/install/deploy-files.ts";
import { storageManifests } from "../src/resources/install/storage-files.ts";
import { writeYaml } from "../src/site/documenting/write-yaml.ts";
import { siteJsonSchema } from "../src/site/json-schema.ts";
import { siteReference } from "../src/site/reference.ts";

/** What can be generated is generated and committed. `--check` fails when a committed file is not current. */
const files: Readonly<Record<string, () => string>> = {
  "schemas/site.v1alpha1.json": siteJsonSchema,
  "docs/reference/site-file.md": siteReference,
  "docs/reference/cli.md": cliReference,
  "docs/reference/errors.md": errorReference,
  ...Object.fromEntries(crds().map((crd) => [`crds/${crd.metadata.name}.yaml`, () => writeYaml(crd)])),
  "deploy/operator.yaml": operatorManifest,
  ...Object.fromEntries(Object.entries(storageManifests()).map(([name, text]) => [`deploy/${name}`, () => text])),
  ...Object.fromEntries(Object.entries(chartFiles(VERSION)).map(([path, text]) => [`deploy/helm/howdah/${path}`, () => text])),
};

function current(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const check = process.argv.includes("--check");
const stale = Object.entries(files).flatMap(([path, make]) => {
  const text = `${make().trimEnd()}\n`;
  if (current(path) === text) return [];
  if (!check) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return [path];
});
for (const path of stale) process.stdout.write(check ? `${path} is not current: npm run generate\n` : `wrote ${path}\n`);
process.exitCode = check && stale.length > 0 ? 1 : 0;
