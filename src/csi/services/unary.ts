import { type UntypedHandleCall, type handleUnaryCall, status } from "@grpc/grpc-js";
import type { StructuredLog } from "../../kernel/structured-log.ts";
import { asCsiError } from "../csi-error.ts";

/** Answers of a service by the names of its calls. Requests have the shape of the .proto file: the loader saw to it. */
export type Handlers = Readonly<Record<string, (request: never) => Promise<object>>>;

/** Calls that change something: those are told in the log. */
const CHANGING = /^(Create|Delete|NodePublish|NodeUnpublish|NodeExpand|NotifyRegistration)/;
/** Answers that people must not be woken for: the caller asks elsewhere, or again. */
const ORDINARY = [status.NOT_FOUND, status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED, status.ALREADY_EXISTS, status.ABORTED];

/** Handlers as gRPC wants them, with failures by their codes and a line of log for what changes something. Requests are never logged: they may hold secrets. */
export function unaryHandlers(handlers: Handlers, log: StructuredLog): Record<string, UntypedHandleCall> {
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, unary(name, handler, log)]));
}

function unary(name: string, handler: Handlers[string], log: StructuredLog): UntypedHandleCall {
  const handle: handleUnaryCall<Readonly<Record<string, unknown>>, object> = (call, callback) => {
    const started = performance.now();
    const took = (): number => Math.round(performance.now() - started);
    handler(call.request as never).then(
      (answer) => {
        if (CHANGING.test(name)) log({ level: "info", msg: "done", call: name, ...subjectOf(call.request), milliseconds: took() });
        callback(null, answer);
      },
      (error: unknown) => {
        const failure = asCsiError(error);
        const level = ORDINARY.includes(failure.code) ? "info" : "error";
        log({ level, msg: "refused", call: name, ...subjectOf(call.request), code: status[failure.code], reason: failure.message });
        callback({ code: failure.code, details: failure.message });
      },
    );
  };
  return handle;
}

function subjectOf(request: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    ["name", "volume_id", "snapshot_id", "source_volume_id", "target_path"].flatMap((key) =>
      typeof request[key] === "string" && request[key] !== "" ? [[key, request[key]]] : [],
    ),
  );
}
