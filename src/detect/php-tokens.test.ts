import { expect, it } from "vitest";
import { phpTokens } from "./php-tokens.ts";

const words = (source: string): string[] => phpTokens(source).map((token) => `${token.kind}:${token.text}`);

it.each<{ name: string; source: string; tokens: string[] }>([
  {
    name: "keeps HTML outside",
    source: "<p><?php echo 1; ?></p>",
    tokens: ["html:<p>", "name:echo", "number:1", "operator:;", "html:</p>"],
  },
  {
    name: "drops comments of all kinds",
    source: "<?php // a ' \n# b\n/* c */ x();",
    tokens: ["name:x", "operator:(", "operator:)", "operator:;"],
  },
  { name: "ends a line comment at the closing tag", source: "<?php // a ?>b", tokens: ["html:b"] },
  {
    name: "keeps attributes apart from comments",
    source: "<?php #[Pure] f;",
    tokens: ["attribute:#[", "name:Pure", "operator:]", "name:f", "operator:;"],
  },
  { name: "unescapes quotes", source: "<?php 'a\\'b';", tokens: ["string:a'b", "operator:;"] },
  { name: "tells templates from strings", source: '<?php "a$b" . "c";', tokens: ["template:a$b", "operator:.", "string:c", "operator:;"] },
  {
    name: "reads heredoc and nowdoc",
    source: "<?php <<<'X'\n$a\nX;<<<Y\nb\n Y;",
    tokens: ["string:$a\n", "operator:;", "template:b\n", "operator:;"],
  },
  { name: "keeps qualified names whole", source: "<?php \\A\\B::c;", tokens: ["name:\\A\\B", "operator:::", "name:c", "operator:;"] },
  {
    name: "reads long operators",
    source: "<?php $a?->b ??= 1 <=> 2;",
    tokens: ["variable:$a", "operator:?->", "name:b", "operator:??=", "number:1", "operator:<=>", "number:2", "operator:;"],
  },
  { name: "reads short tags", source: "<? f() ?><?= $x ?>", tokens: ["name:f", "operator:(", "operator:)", "variable:$x"] },
  { name: "survives unclosed quotes", source: "<?php 'abc", tokens: ["string:abc"] },
  { name: "survives unclosed comments and heredocs", source: "<?php <<<X\nabc", tokens: ["template:abc"] },
  { name: "finds nothing in plain text", source: "hello", tokens: ["html:hello"] },
])("$name", ({ source, tokens }) => {
  expect(words(source)).toEqual(tokens);
});

it("skips an unclosed block comment", () => {
  expect(words("<?php /* x")).toEqual([]);
});
