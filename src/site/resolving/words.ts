/** A command's words, or why it has none. */
export type Words = { readonly words: readonly string[] } | { readonly problem: string; readonly hint: string };

const noShell = 'No shell runs. Write several commands as a list of steps, or `[sh, -c, "..."]` with `spec.runtime.flavour: shell`.';

/** What a shell would act on outside quotes, and how people call it. */
const operators: Readonly<Record<string, string>> = {
  "|": "a pipe (`|`)",
  "&": "`&`",
  ";": "`;`",
  "<": "a redirection (`<`)",
  ">": "a redirection (`>`)",
  "(": "a subshell (`(`)",
  ")": "`)`",
  "`": "a command substitution",
  "*": "a file pattern (`*`)",
  "?": "a file pattern (`?`)",
  "[": "a file pattern (`[`)",
  "\n": "a line break",
};

interface Splitting {
  readonly words: string[];
  word: string | undefined;
}

/**
 * Splits a command into words as a POSIX shell would (blanks, single and double quotes, backslash), without expanding anything: what a
 * shell would expand or act on is refused, so that a command never means something else here than in a terminal.
 */
export function splitWords(text: string): Words {
  const state: Splitting = { words: [], word: undefined };
  for (let index = 0; index < text.length; ) {
    const next = step(text, index, state);
    if (typeof next !== "number") return next;
    index = next;
  }
  if (state.word !== undefined) state.words.push(state.word);
  if (state.words.length === 0) return { problem: "is empty", hint: "Write a program and its arguments." };
  const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(state.words[0] ?? "");
  if (assignment === null) return { words: state.words };
  return {
    problem: `starts with the assignment \`${assignment[1]}=\``,
    hint: "No shell runs: set variables in `spec.variables`, or use `env NAME=value program`.",
  };
}

type Refusal = Extract<Words, { problem: string }>;

/** Takes one character or quoted part; the next index, or a refusal. */
function step(text: string, index: number, state: Splitting): number | Refusal {
  const character = text[index] ?? "";
  if (character === " " || character === "\t") {
    if (state.word !== undefined) state.words.push(state.word);
    state.word = undefined;
    return index + 1;
  }
  if (character === "'") {
    const end = text.indexOf("'", index + 1);
    if (end < 0) return { problem: "has a single quote that is not closed", hint: "Close it, or write the command as a list of words." };
    state.word = (state.word ?? "") + text.slice(index + 1, end);
    return end + 1;
  }
  if (character === '"') return doubleQuoted(text, index + 1, state);
  if (character === "\\") {
    if (index + 1 >= text.length) return { problem: "ends with a backslash", hint: "Remove it." };
    state.word = (state.word ?? "") + text[index + 1];
    return index + 2;
  }
  if (character === "$") return variable;
  if (character === "#" && state.word === undefined)
    return { problem: "holds a comment (`#`)", hint: "Write the comment after the value, outside the quotes." };
  if (character === "~" && state.word === undefined)
    return { problem: "starts a word with `~`", hint: "There is no home directory: write the whole path." };
  const operator = Object.hasOwn(operators, character) ? operators[character] : undefined;
  if (operator !== undefined) return { problem: `holds ${operator}`, hint: noShell };
  state.word = (state.word ?? "") + character;
  return index + 1;
}

const variable: Refusal = {
  problem: "holds a variable (`$`)",
  hint: "No shell runs, so nothing replaces it: let the program read its environment, or put a literal `$` in single quotes.",
};

function doubleQuoted(text: string, start: number, state: Splitting): number | Refusal {
  let word = state.word ?? "";
  for (let index = start; index < text.length; index++) {
    const character = text[index] ?? "";
    if (character === '"') {
      state.word = word;
      return index + 1;
    }
    if (character === "$" || character === "`") return variable;
    const escaped = character === "\\" && '"\\$`'.includes(text[index + 1] ?? " ");
    if (escaped) index += 1;
    word += text[index] ?? "";
  }
  return { problem: "has a double quote that is not closed", hint: "Close it, or write the command as a list of words." };
}
