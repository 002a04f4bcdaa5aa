import { expect, it } from "vitest";
import { renderMaintenanceServer } from "./maintenance-server.ts";

it("answers 503 with a page that is text, whatever the text is", () => {
  const { files } = renderMaintenanceServer({ text: 'Until 14:00 </p><script>"$uri";', retryAfter: 20 });
  const config = files["nginx.conf"] ?? "";
  expect(config).toContain("add_header Retry-After 20 always;");
  expect(config).not.toContain("<script>");
  expect(config).toContain("${howdah_dollar}uri");
});

it("mounts only what it has", () => {
  const { container, volumes } = renderMaintenanceServer({ text: "", retryAfter: 1 });
  const mounted = container.volumeMounts.map((mount) => (mount as { name: string }).name);
  expect(mounted).toEqual(["files", ...volumes.map(({ name }) => name)]);
});
