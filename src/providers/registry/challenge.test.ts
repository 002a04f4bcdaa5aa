import { expect, it } from "vitest";
import { parseChallenges } from "./challenge.ts";

it.each([
  ["Basic realm=registry", [{ scheme: "basic", parameters: { realm: "registry" } }]],
  [
    'Bearer realm="https://auth.example.org/token",service="registry",scope="repository:a/b:pull,push"',
    [{ scheme: "bearer", parameters: { realm: "https://auth.example.org/token", service: "registry", scope: "repository:a/b:pull,push" } }],
  ],
  [
    'BEARER realm="x" , error="insufficient_scope", Basic realm="a \\"b\\""',
    [
      { scheme: "bearer", parameters: { realm: "x", error: "insufficient_scope" } },
      { scheme: "basic", parameters: { realm: 'a "b"' } },
    ],
  ],
  ["Negotiate", [{ scheme: "negotiate", parameters: {} }]],
  ['Basic realm="never closed', [{ scheme: "basic", parameters: {} }]],
  ["", []],
  ["=, ,=", []],
  ['realm="belongs to nothing"', []],
])("reads %j", (header, challenges) => {
  expect(parseChallenges(header)).toEqual(challenges);
});
