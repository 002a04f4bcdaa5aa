import type { HookStep } from "../../site/site.ts";

/** Build hooks for a place where tests run. */
export interface DevelopmentHooks {
  readonly hooks: readonly (readonly string[])[];
  /** Patterns of what the hooks make: it is not taken along from the folder, where another PHP may have made it. */
  readonly made: readonly string[];
  /** Shell scripts that leave development's dependencies out: what their words mean is the shell's business. */
  readonly asTheyAre: readonly string[];
}

/** Flags by which package managers leave out what only development needs. */
const withoutDevelopment: Readonly<Record<"composer" | "npm", RegExp>> = {
  composer: /^--no-dev$/,
  npm: /^(--production(=true)?|--prod|--only=prod(uction)?|--omit=dev)$/,
};

/** The build hooks with the dependencies that only development has, as test runners are such. */
export function developmentHooks(steps: readonly HookStep[]): DevelopmentHooks {
  const given = steps.flatMap((step) => ("argv" in step ? [step.argv] : []));
  const words = given.map((argv) => argv.flatMap((word) => word.split(/\s+/)));
  const installs = (manager: RegExp, verbs: RegExp): boolean =>
    words.some((all) =>
      all.some((word, at) => manager.test(word) && verbs.test(all.slice(at + 1).find((next) => !next.startsWith("-")) ?? "")),
    );
  return {
    hooks: given.map((argv) => {
      const manager = managerOf(argv);
      return manager === undefined ? argv : argv.filter((word) => !withoutDevelopment[manager].test(word));
    }),
    made: [
      ...(installs(/(^|\/)composer(\.phar)?$/, /^(install|update|i|u)$/) ? ["/vendor/"] : []),
      ...(installs(/^(npm|yarn|pnpm)$/, /^(ci|install|i)$/) ? ["/node_modules/"] : []),
    ],
    asTheyAre: given
      .filter((argv) => managerOf(argv) === undefined && argv.some((word) => /--no-dev\b|--omit=dev\b|--production\b/.test(word)))
      .map((argv) => argv.join(" ")),
  };
}

/** `composer install`, `php composer.phar install`, `npm ci`: whose flags a hook's words are. */
function managerOf(argv: readonly string[]): "composer" | "npm" | undefined {
  // a flag of PHP may take a word of its own, so the program is looked for, not counted
  const program = /(?:^|\/)php[\d.]*$/.test(argv[0] ?? "") ? argv.find((word) => /composer(\.phar)?$/.test(word)) : argv[0];
  if (/(?:^|\/)composer(\.phar)?$/.test(program ?? "")) return "composer";
  return /(?:^|\/)(npm|yarn|pnpm)$/.test(program ?? "") ? "npm" : undefined;
}
