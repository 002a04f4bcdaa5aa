import { expect, it } from "vitest";
import { givenTo } from "./cni-results.ts";

const cached = {
  kind: "cniCacheV1",
  cniArgs: [
    ["IgnoreUnknown", "1"],
    ["K8S_POD_UID", "u1"],
  ],
  result: { ips: [{ address: "fd00::5/64" }, { address: "10.244.1.5/24", gateway: "10.244.1.1" }] },
};

it.each([
  { name: "a pod's IPv4 address", text: JSON.stringify(cached), given: { uid: "u1", address: "10.244.1.5" } },
  { name: "nothing for a file that is being written", text: JSON.stringify(cached).slice(0, 60), given: undefined },
  { name: "nothing for what is no pod's", text: JSON.stringify({ ...cached, cniArgs: [] }), given: undefined },
])("reads $name", ({ text, given }) => {
  expect(givenTo(text)).toEqual(given);
});
