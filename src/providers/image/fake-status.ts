/**
 * The dpkg status that the resolver sees: one installed package that stands for everything our images leave out. Its version is higher than
 * any, so it satisfies every versioned dependency and no `Breaks`. Nothing of the host's own status is ever seen.
 */
export function fakeStatus(absent: readonly string[], architecture: string): string {
  if (absent.length === 0) return "";
  return [
    "Package: howdah-absent",
    "Status: install ok installed",
    "Maintainer: Howdah",
    `Architecture: ${architecture}`,
    "Multi-Arch: foreign",
    "Version: 99:1",
    `Provides: ${absent.map((name) => `${name} (= 99:1)`).join(", ")}`,
    "Description: stands for packages that the image does without",
    "",
    "",
  ].join("\n");
}
