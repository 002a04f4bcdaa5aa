import type { Command } from "commander";

export type Shell = "bash" | "zsh" | "fish";

interface Words {
  /** `db dump` */
  readonly path: string;
  readonly summary: string;
  readonly flags: readonly { readonly long: string; readonly description: string; readonly choices: readonly string[] }[];
  readonly children: readonly string[];
  readonly takesSite: boolean;
}

function wordsOf(command: Command, path: string): Words[] {
  const visible = command.commands.filter((child) => child.name() !== "complete-sites");
  const own: Words = {
    path,
    summary: command.summary() === "" ? command.description() : command.summary(),
    flags: command.options.flatMap((option) =>
      option.long === null || option.long === undefined
        ? []
        : [{ long: option.long, description: option.description, choices: option.argChoices ?? [] }],
    ),
    children: visible.map((child) => child.name()),
    takesSite: command.registeredArguments.some((argument) => argument.name() === "site"),
  };
  return [own, ...visible.flatMap((child) => wordsOf(child, `${path} ${child.name()}`.trim()))];
}

/** Quotes a text for single quotes of bash, zsh and fish. */
function quoted(text: string, shell: Shell): string {
  return shell === "fish" ? `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'` : `'${text.replaceAll("'", `'\\''`)}'`;
}

function bash(all: readonly Words[]): string {
  const cases = all.map((words) => {
    const list = [...words.children, ...words.flags.map((flag) => flag.long), "--help", "--output", "--verbose"].join(" ");
    return `    ${quoted(words.path, "bash")}) words=${quoted(list, "bash")}; site=${words.takesSite ? "1" : ""} ;;`;
  });
  return `# bash completion for howdah
_howdah() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word words="" site=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${[...new Set(all.flatMap((words) => words.children))].join(" ")} " in *" $word "*) path="\${path:+$path }$word" ;; esac
  done
  if [ "$previous" = --output ] || [ "$previous" = -o ]; then COMPREPLY=($(compgen -W "text json" -- "$current")); return; fi
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ -n "$site" ] && [[ "$current" != -* ]]; then
    COMPREPLY+=($(compgen -W "$(howdah complete-sites 2>/dev/null)" -- "$current") $(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _howdah howdah
`;
}

function zsh(script: string): string {
  return `#compdef howdah\nautoload -U +X bashcompinit && bashcompinit\n${script.replace(/^# bash/, "# zsh (over bashcompinit)")}`;
}

function fish(all: readonly Words[]): string {
  const lines = all.flatMap((words) => {
    const seen =
      words.path === ""
        ? "__fish_use_subcommand"
        : words.path
            .split(" ")
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join("; and ");
    const children = all.filter((child) => child.path !== "" && child.path.split(" ").slice(0, -1).join(" ") === words.path);
    return [
      ...children.map(
        (child) =>
          `complete -c howdah -n ${quoted(seen, "fish")} -f -a ${child.path.split(" ").at(-1) ?? ""} -d ${quoted(child.summary, "fish")}`,
      ),
      ...words.flags.map(
        (flag) =>
          `complete -c howdah -n ${quoted(seen, "fish")} -l ${flag.long.slice(2)} -d ${quoted(flag.description, "fish")}${flag.choices.length > 0 ? ` -xa ${quoted(flag.choices.join(" "), "fish")}` : ""}`,
      ),
      ...(words.takesSite ? [`complete -c howdah -n ${quoted(seen, "fish")} -a '(howdah complete-sites 2>/dev/null)'`] : []),
    ];
  });
  return `# fish completion for howdah\n${lines.join("\n")}\n`;
}

/** A completion script made from the very program that parses arguments, so it never lags behind. Site names come from `howdah complete-sites`. */
export function completionScript(shell: Shell, program: Command): string {
  const all = wordsOf(program, "");
  switch (shell) {
    case "bash":
      return bash(all);
    case "zsh":
      return zsh(bash(all));
    case "fish":
      return fish(all);
    default:
      throw new TypeError(`no completion for ${String(shell)}`);
  }
}
