import { expect, it } from "vitest";
import { givenTo } from "./cni-results.ts";

const cached = {
  kind: "cniCacheV1",
  ifName: "eth0",
  cniArgs: [
    ["IgnoreUnknown", "1"],
    ["K8S_POD_UID", "u1"],
  ],
  result: { ips: [{ address: "fd00::5/64" }, { address: "10.244.1.5/24", gateway: "10.244.1.1" }] },
};

const loopback = { ips: [{ address: "127.0.0.1/8" }] };

it.each([
  { name: "a pod's IPv4 address", text: JSON.stringify(cached), given: { uid: "u1", address: "10.244.1.5" } },
  { name: "nothing for a file that is being written", text: JSON.stringify(cached).slice(0, 60), given: undefined },
  { name: "nothing for a pod's loopback", text: JSON.stringify({ ...cached, ifName: "lo", result: loopback }), given: undefined },
  { name: "nothing for what is no pod's", text: JSON.stringify({ ...cached, cniArgs: [] }), given: undefined },
])("reads $name", ({ text, given }) => {
  expect(givenTo(text)).toEqual(given);
});
