import { expect, it } from "vitest";
import { phpSyntax } from "./php-syntax.ts";
import { phpTokens } from "./php-tokens.ts";

const marks = (code: string): string[] => phpSyntax(phpTokens(`<?php ${code}`)).map((mark) => `${mark.effect} ${mark.version}`);

it.each<{ code: string; expected: string[] }>([
  { code: "$f = fn($x) => $x;", expected: ["needs 7.4"] },
  { code: "class A { private ?int $x = 1; }", expected: ["needs 7.4"] },
  { code: "$a ??= 1;", expected: ["needs 7.4"] },
  { code: "$x = match($a) { 1 => 2 };", expected: ["needs 8.0"] },
  { code: "$this->match($a); class B { function match($x) {} }", expected: [] },
  { code: "class Match {}", expected: ["ends 8.0"] },
  { code: "enum Suit: string {}", expected: ["needs 8.1"] },
  { code: "$enum = 1; enum($x);", expected: [] },
  { code: "class A { public readonly int $x; }", expected: ["needs 7.4", "needs 8.1"] },
  { code: "readonly class A {}", expected: ["needs 8.2"] },
  { code: "function __construct(private int $x, ) {}", expected: ["needs 8.0"] },
  { code: "$a?->b;", expected: ["needs 8.0"] },
  { code: "$x = $y ?? throw new E;", expected: ["needs 8.0"] },
  { code: "try {} catch (E) {}", expected: ["needs 8.0"] },
  { code: "try {} catch (A | B $e) {}", expected: [] },
  { code: "function f(int|string $x) {}", expected: ["needs 8.0"] },
  { code: "function f(): int|string {}", expected: ["needs 8.0"] },
  { code: "function f(): static {}", expected: ["needs 8.0"] },
  { code: "function f(): never {}", expected: ["needs 8.1"] },
  { code: "f(name: 1);", expected: ["needs 8.0"] },
  { code: "f($a ? b : c); switch ($x) { case A: break; default: throw $e; }", expected: [] },
  { code: "$g = strlen(...);", expected: ["needs 8.1"] },
  { code: "class A { const string X = 'a'; }", expected: ["needs 8.3"] },
  { code: "class A { public private(set) int $x; }", expected: ["needs 8.4"] },
  { code: "class A { private(set) int $x; }", expected: ["needs 8.4"] },
  { code: "$x = $text{0};", expected: ["ends 8.0"] },
  { code: "$x = (real) $y;", expected: ["ends 8.0"] },
  { code: "(unset) $y;", expected: ["ends 8.0"] },
  { code: "function __autoload($c) {}", expected: ["ends 8.0"] },
  { code: "class Old { function Old() {} }", expected: ["ends 8.0"] },
  { code: "class New1 { function New1() {} function __construct() {} }", expected: [] },
  { code: "namespace X; class Old { function Old() {} }", expected: [] },
  { code: "function f(Foo $x = null) {}", expected: ["deprecated 8.4"] },
  { code: "function f(?Foo $x = null, mixed $y = null) {}", expected: [] },
  { code: 'echo "${a}";', expected: ["deprecated 8.2"] },
])("$code", ({ code, expected }) => {
  expect(marks(code)).toEqual(expected);
});
