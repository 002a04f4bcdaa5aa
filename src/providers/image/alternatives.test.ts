import { expect, it } from "vitest";
import { parseAlternatives } from "./alternatives.ts";

it("reads calls over several lines with their slaves", () => {
  const script = `#!/bin/sh
update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 \\
  --slave /usr/bin/nawk nawk /usr/bin/mawk || true
`;
  expect(parseAlternatives(script)).toEqual([
    { link: "/usr/bin/awk", path: "/usr/bin/mawk", priority: 5 },
    { link: "/usr/bin/nawk", path: "/usr/bin/mawk", priority: 5 },
  ]);
});

it("unrolls loops over literal words", () => {
  const script = `for prog in convert identify; do
	update-alternatives --install /usr/bin/$prog \\
	   $prog /usr/bin/\${prog}-im7.q16 10000
done
update-alternatives --install /usr/bin/$prog x /usr/bin/y 1
`;
  expect(parseAlternatives(script)).toEqual([
    { link: "/usr/bin/convert", path: "/usr/bin/convert-im7.q16", priority: 10000 },
    { link: "/usr/bin/identify", path: "/usr/bin/identify-im7.q16", priority: 10000 },
  ]);
});

it.each([
  "update-alternatives --install $LINK name $PATH 10",
  "update-alternatives --install /usr/bin/x x /usr/bin/../../etc/passwd 10",
  "update-alternatives --remove x /usr/bin/x",
  "update-alternatives --install /usr/bin/x x /usr/bin/y",
])("leaves out %s", (script) => {
  expect(parseAlternatives(script)).toEqual([]);
});
