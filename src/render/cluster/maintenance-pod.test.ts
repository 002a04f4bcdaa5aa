import { describe, expect, it } from "vitest";
import { parseNginx } from "../nginx/parse-nginx.ts";
import { renderMaintenancePod } from "./maintenance-pod.ts";

const configurationOf = (text: string, retryAfter = 20): string =>
  renderMaintenancePod({ page: { text, retryAfter }, ports: [8080, 8443] }).files["nginx.conf"] ?? "";

describe("renderMaintenancePod", () => {
  it("answers 503 with the page on every port, and says when to come back", () => {
    const text = configurationOf("Back at noon");
    expect(text).toMatch(/listen 8080;\s+listen 8443;/);
    expect(text).toContain("Back at noon");
    expect(text).toContain("Retry-After 20 always");
  });

  it.each([
    { words: 'a "quote"; }', shown: "a &quot;quote&quot;; }" },
    { words: "costs $remote_addr", shown: "costs ${howdah_dollar}remote_addr" },
    { words: "<script>x</script>", shown: "&lt;script&gt;x&lt;/script&gt;" },
  ])("keeps $words text", ({ words, shown }) => {
    const servers = JSON.stringify(parseNginx(configurationOf(words)));
    expect(servers).toContain(JSON.stringify(shown).slice(1, -1));
  });

  it.each([
    { asked: 0, told: "1" },
    { asked: 90_000, told: "3600" },
    { asked: 12.7, told: "12" },
  ])("tells programs to come back after $told seconds when asked for $asked", ({ asked, told }) => {
    expect(configurationOf("x", asked)).toContain(`Retry-After ${told} always`);
  });

  it("writes nothing but its scratch directories", () => {
    const { container, volumes } = renderMaintenancePod({ page: { text: "x", retryAfter: 1 }, ports: [8080] });
    expect(container.volumeMounts.filter(({ readOnly }) => readOnly !== true).map(({ name }) => name)).toEqual(
      volumes.map(({ name }) => name),
    );
  });
});
