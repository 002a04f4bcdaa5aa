import { expect, it } from "vitest";
import { serviceCommand } from "./service-command.ts";

const paths = (...args: string[]): string[] | undefined =>
  serviceCommand(args)?.requests.map(({ method, path }) => `${method} ${decodeURIComponent(path)}`);

it("asks for containers by all their labels", () => {
  expect(paths("ps", "--all", "--format", "json", "--filter", "label=a=b", "--filter", "label=c=d e")).toEqual([
    'GET /containers/json?all=true&filters={"label":["a=b","c=d e"]}',
  ]);
  expect(paths("ps", "--all", "--format", "json")).toEqual(["GET /containers/json?all=true&filters={}"]);
});

it("asks for networks by their labels", () => {
  expect(paths("network", "ls", "--format", "json", "--filter", "label=a=b")).toEqual(['GET /networks/json?filters={"label":["a=b"]}']);
});

it("prints lists of nothing as podman does", () => {
  expect(serviceCommand(["ps", "--all", "--format", "json"])?.stdout(["null\n"])).toBe("[]");
  expect(serviceCommand(["secret", "ls", "--format", "{{.Name}}"])?.stdout(["null"])).toBe("");
});

it("puts several answers of an inspection together", () => {
  const command = serviceCommand(["container", "inspect", "a", "b"]);
  expect(command?.requests.map(({ path }) => path)).toEqual(["/containers/a/json", "/containers/b/json"]);
  expect(JSON.parse(command?.stdout(['{"Id":"1"}\n', '{"Id":"2"}\n']) ?? "")).toEqual([{ Id: "1" }, { Id: "2" }]);
  expect(paths("image", "inspect", "--", "localhost/howdah/php:1")).toEqual(["GET /images/localhost/howdah/php:1/json"]);
});

it("answers the one field that a template asks for", () => {
  expect(serviceCommand(["volume", "inspect", "v"])?.stdout(['{"Mountpoint":"/m"}'])).toBe('[{"Mountpoint":"/m"}]');
  const networks = serviceCommand(["container", "inspect", "--format", "{{json .NetworkSettings.Networks}}", "c"]);
  expect(networks?.stdout(['{"NetworkSettings":{"Networks":{"n":{}}}}'])).toBe('{"n":{}}');
  expect(networks?.stdout(["{}"])).toBe("null");
  expect(serviceCommand(["secret", "ls", "--format", "{{.Name}}"])?.stdout(['[{"Spec":{"Name":"a"}},{"Spec":{"Name":"b"}}]'])).toBe(
    "a\nb\n",
  );
});

it("starts in order, stops side by side, and takes away", () => {
  expect(serviceCommand(["start", "infra", "php"])).toMatchObject({ inOrder: true, accepts: [200, 204, 304] });
  expect(paths("stop", "--ignore", "php", "web")).toEqual(["POST /containers/php/stop", "POST /containers/web/stop"]);
  expect(paths("pod", "stop", "--ignore", "p")).toEqual(["POST /pods/p/stop"]);
  expect(paths("pod", "rm", "--force", "--ignore", "--time=0", "p")).toEqual(["DELETE /pods/p?force=true&timeout=0"]);
});

it.each([
  [["run", "--rm", "image"]],
  [["start"]],
  [["start", "--attach", "c"]],
  [["stop", "c"]],
  [["ps", "--all", "--format", "{{.ID}}"]],
  [["ps", "--all", "--format", "json", "--filter", "network=n"]],
  [["container", "inspect", "--format", "{{len .ExecIDs}}", "c"]],
  [["container", "inspect"]],
  [["volume", "ls", "--format", "json"]],
  [["pod", "rm", "--force", "p"]],
  [["secret", "ls"]],
])("leaves %j to the command line", (args) => {
  expect(serviceCommand(args)).toBeUndefined();
});

it("lets no name leave its place in a path", () => {
  expect(serviceCommand(["container", "inspect", "../pods/x?force=true"])?.requests[0]?.path).toBe(
    "/containers/..%2Fpods%2Fx%3Fforce%3Dtrue/json",
  );
});
