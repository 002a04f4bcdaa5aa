import { expect, it } from "vitest";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { nameTrouble, saysMissing } from "./name-trouble.ts";

const cause = new HowdahError("machine/tool-failed", "restic ended with exit code 1");

it.each([
  { says: "Fatal: wrong password or no key found", code: "backup/store-refused" },
  { says: "Stat(<config/>) returned error, retrying after 1s: The provided token has expired.", code: "backup/store-refused" },
  { says: "dial tcp 127.0.0.1:9000: connect: connection refused", code: "backup/store-unreachable" },
  { says: "Load(<data/8d>, 1, 2) returned error, retrying after 15s: unexpected EOF", code: "backup/damaged" },
  {
    says: "Load(<data/8d>, 1, 2) returned error, retrying after 15s: ssh: connection lost, unexpected EOF",
    code: "backup/store-unreachable",
  },
  { says: "ciphertext verification failed", code: "backup/damaged" },
  { says: "unable to create lock in backend: repository is already locked exclusively by PID 7", code: "machine/busy" },
  { says: "something new", code: "backup/failed" },
])("$says: $code", ({ says, code }) => {
  expect(nameTrouble("It could not be done", [says], cause).code).toBe(code);
});

it("takes a store that a password does not open for no missing one", () => {
  const missing = "Fatal: unable to open config file: stat /mnt/config: no such file or directory";
  expect(saysMissing([missing])).toBe(true);
  expect(saysMissing([missing, "Fatal: wrong password or no key found"])).toBe(false);
});
