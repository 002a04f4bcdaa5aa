import { expect, it } from "vitest";
import { createMetrics } from "./metrics.ts";

it("prints what was counted and asks for the rest, in Prometheus' text format", () => {
  const metrics = createMetrics();
  metrics.count("howdah_reconciles_total", { kind: "Site", result: "done" });
  metrics.count("howdah_reconciles_total", { kind: "Site", result: "done" });
  metrics.gauge("howdah_leader", {}, () => 1);
  metrics.gauge("howdah_watch_silence_seconds", { resource: "sites" }, () => Infinity);
  expect(metrics.text()).toBe(`# HELP howdah_reconciles_total Looks with the server by kind and result (done, again, failed)
# TYPE howdah_reconciles_total counter
howdah_reconciles_total{kind="Site",result="done"} 2
# HELP howdah_watch_silence_seconds Seconds since a watch was heard last, by resource
# TYPE howdah_watch_silence_seconds gauge
howdah_watch_silence_seconds{resource="sites"} +Inf
# HELP howdah_leader 1 while this process leads
# TYPE howdah_leader gauge
howdah_leader 1
`);
});
