import { describe, expect, it } from "vitest";
import { findPersonalText } from "./find-personal-text.ts";

function found(text: string): string[] {
  return findPersonalText(text).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);
}

describe("what looks personal in a text", () => {
  it.each<[string, string[]]>([
    ["Write to Anna.Meier+news@mail.example.co.uk, please", ["email Anna.Meier+news@mail.example.co.uk"]],
    ['<a href="mailto:jörg@müller.de">x</a>', ["email jörg@müller.de"]],
    ["?to=anna%40example.org&x=1", ["email anna%40example.org"]],
    ["%3Canna%40example.org%3E", ["email anna%40example.org"]],
    ["anna&#64;example.org", ["email anna&#64;example.org"]],
    ['{"m":"anna\\u0040example.org"}', ["email anna\\u0040example.org"]],
    ["anna [at] example [dot] org", ["email anna [at] example [dot] org"]],
    ["logo@2x.png, u0123456789abcdef0123@example.invalid, @name, a@b", []],
    ["call +49 (0)30 901820-44 or 030/9018205", ["phone +49 (0)30 901820-44", "phone 030/9018205"]],
    ["0049 30 9018205, (212) 736-5000, 0171 3920123x", ["phone 0049 30 9018205", "phone (212) 736-5000"]],
    ["03090182012", ["phone 03090182012"]],
    ["2024-01-02 03:04:05, 1700000000, 192.0.2.0/24, 12.03.2024, 0815, 0.12345678", []],
    ["+49 30 23125 123, +1 212-555-0123, +33 199 001234", []],
    ["IBAN DE89 3704 0044 0532 0130 00 BANK", ["iban DE89 3704 0044 0532 0130 00"]],
    ["gb82west12345698765432", ["iban gb82west12345698765432"]],
    ["DE89370400440532013001 and DE36000000000123456789", []],
    ["4111 1111 1111 1111, 378282246310005, 4111111111111112", ["card 4111 1111 1111 1111", "card 378282246310005"]],
    ["from 93.184.216.34 and 2001:db8:0:1::7f", ["ip 93.184.216.34", "ip 2001:db8:0:1::7f"]],
    ["10.1.2.3, 127.0.0.1, 192.168.1.5, 1.2.3.4, fd00::ab:cd, 12:34:56, ::1, 6.1.9.0", []],
    [
      "$2y$10$abcdefghijklmnopqrstuuZ5dJ4bJ2q0y8mC3uC1mVdWc7gq5n5yG",
      ["password-hash $2y$10$abcdefghijklmnopqrstuuZ5dJ4bJ2q0y8mC3uC1mVdWc7gq5n5yG"],
    ],
    ["$2y$10$howdahhowdahhowdahhoweDlTRIoDft0WtLp/CL2n2kRTs1owlJ/6", []],
    ["ghp_0123456789abcdefghijklmnopqrstuvwxyz", ["secret ghp_0123456789abcdefghijklmnopqrstuvwxyz"]],
  ])("in %s", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  // Quadratic time would take hours: the test's own limit is the assertion.
  it.each([
    "a",
    "@",
    "a@",
    "a@a.",
    "0",
    "+1 ",
    "DE00 ",
    "4 ",
    "1.",
    "f:",
    "eyJa.",
    "$P$",
    "%40",
    "(0",
    "-----BEGIN PRIVATE KEY-----",
    "[at]",
    " ",
  ])("takes time that grows as the text does: %s", (piece) => {
    expect(findPersonalText(piece.repeat(300_000))).toBeDefined();
  });
});
