import { confirm, isCancel, multiselect, password, select } from "@clack/prompts";
import { phpVersions } from "../catalog/php-versions.ts";
import type { Proposal } from "../detect/evidence.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { Secret } from "../kernel/secret.ts";

function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new HowdahError("cancelled", "Nothing was written");
  return answer as Exclude<T, symbol>;
}

/** Asks yes or no on the terminal. */
export async function confirmOnTerminal(message: string): Promise<boolean> {
  return answered(await confirm({ message, initialValue: false }));
}

/** Asks for a password on the terminal, which shows dots. */
export async function askPassword(message: string): Promise<Secret> {
  return new Secret(answered(await password({ message })), "the terminal");
}

/** Shows what was found and lets a person change what is most often chosen otherwise: PHP's version, the writable paths. Everything else is edited in the file. */
export async function askAbout(proposal: Proposal): Promise<Proposal> {
  const { spec = {} } = proposal.site;
  let next = spec;
  if (spec.runtime !== undefined) {
    const php = answered(
      await select({
        message: "PHP version",
        options: phpVersions.map((value) => ({ value: value as string, label: value })),
        initialValue: spec.runtime.php,
      }),
    );
    next = { ...next, runtime: { ...spec.runtime, php } };
  }
  const paths = Object.keys(spec.mounts ?? {});
  if (paths.length > 0) {
    const kept = answered(
      await multiselect({
        message: "Writable paths",
        options: paths.map((value) => ({ value, label: value })),
        initialValues: paths,
        required: false,
      }),
    );
    next = { ...next, mounts: Object.fromEntries(Object.entries(spec.mounts ?? {}).filter(([path]) => kept.includes(path))) };
  }
  return { ...proposal, site: { ...proposal.site, spec: next } };
}
