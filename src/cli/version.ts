import manifest from "../../package.json" with { type: "json" };

/** Howdah's version, from package.json; the bundle carries it inside. */
export const VERSION: string = manifest.version;
