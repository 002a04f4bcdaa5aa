import { expect, it } from "vitest";
import { requireWriter } from "./check-external.ts";
import type { ProbedAddress } from "./probe-address.ts";

const well: ProbedAddress = {
  ...{ address: "a:3306", answers: true, version: "11.8.3-MariaDB-log", readOnly: false, wsrep: null, replica: null, replicas: null },
  missing: [],
};
const silent: ProbedAddress = { address: "b:3306", answers: false, because: "does not answer", failure: "database/unreachable" };
const refusing: ProbedAddress = {
  ...{ address: "c:3306", answers: false, because: "refuses the user or its password", failure: "database/login-refused" },
};

it("takes the writer, whatever the others are", () => {
  expect(requireWriter("db", [silent, well, refusing], undefined)).toMatchObject({ writer: "a:3306" });
});

it.each<{ name: string; probed: readonly ProbedAddress[]; code: string; says: RegExp }>([
  { name: "a wrong password", probed: [refusing], code: "login-refused", says: /^c:3306 of the database server db refuses the user/ },
  { name: "a wrong password beside one that is off", probed: [silent, refusing], code: "login-refused", says: /c:3306/ },
  { name: "nobody", probed: [silent], code: "unreachable", says: /no address answers \(b:3306: does not answer\)/ },
  { name: "a read-only server", probed: [{ ...well, readOnly: true }], code: "no-writer", says: /a:3306: read-only/ },
  { name: "MySQL", probed: [{ ...well, version: "8.4.2" }], code: "version-refused", says: /a:3306 runs 8.4.2, which is not MariaDB/ },
  { name: "an old version", probed: [{ ...well, version: "5.5.5-10.3.9-MariaDB" }], code: "version-refused", says: /10\.3\.9/ },
  { name: "too few rights", probed: [{ ...well, missing: ["CREATE USER"] }], code: "rights-missing", says: /on a:3306: CREATE USER$/ },
])("names what is wrong: $name", ({ probed, code, says }) => {
  expect(() => requireWriter("db", probed, undefined)).toThrow(
    expect.objectContaining({ code: `database/${code}`, message: expect.stringMatching(says) as string }),
  );
});
