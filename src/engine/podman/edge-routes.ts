import type { EdgeInput, EdgeRoute } from "../../render/nginx/edge-input.ts";
import { IDLE_ANNOTATION, WAKES_ANNOTATION } from "../../kernel/label.ts";
import type { HttpRoute } from "../../render/objects.ts";
import { visitsFile, WAKE_SOCKET } from "./edge-ports.ts";
import { matches } from "./pods.ts";
import { isReady, type ReadyMark } from "./ready-marks.ts";
import { type NamespaceState, objectsOf } from "./state-store.ts";

/** Renders the edge's nginx configuration; src/render/nginx has the real one. Must run in the foreground, without `user` and `pid` outside /run. */
export type RenderEdge = (input: EdgeInput) => string;

/** The annotation that asks for TLS: `local`, or the name of a secret with `tls.crt` and `tls.key`. */
export const TLS_ANNOTATION = "howdah.dev/tls";

/** The annotation with the largest request body in bytes. */
const MAX_BODY_ANNOTATION = "howdah.dev/max-body-bytes";

/** A route before its certificate is known. */
export interface RouteWithoutTls extends Omit<EdgeRoute, "tls"> {
  /** Value of the TLS annotation. */
  readonly tls?: string;
}

/** The routes of a namespace with the ready pods behind them; when none is ready, with those that were. */
export function routesOf(namespace: string, state: NamespaceState, marks: Iterable<ReadyMark>): RouteWithoutTls[] {
  const ready = [...marks].filter((mark) => mark.namespace === namespace);
  return objectsOf(state, "HTTPRoute")
    .map((route) => {
      const tls = route.metadata.annotations?.[TLS_ANNOTATION];
      const maxBodyBytes = Number(route.metadata.annotations?.[MAX_BODY_ANNOTATION] ?? Number.NaN);
      return {
        namespace,
        name: route.metadata.name,
        hostnames: route.spec.hostnames.toSorted(),
        backends: state.down || state.held !== undefined || state.idle !== undefined ? [] : backendsOf(route, state, ready),
        ...(state.held === undefined ? {} : { maintenance: state.held.page }),
        ...idleOf(namespace, route, state),
        ...(tls === undefined ? {} : { tls }),
        ...(Number.isSafeInteger(maxBodyBytes) ? { maxBodyBytes } : {}),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Where the pods of a namespace answer, as ADDRESS:PORT. */
export function addressesOf(namespace: string, state: NamespaceState, marks: Iterable<ReadyMark>): string[] {
  const backends = routesOf(namespace, state, marks).flatMap((route) => route.backends);
  return backends.map(({ address, port }) => `${address.includes(":") ? `[${address}]` : address}:${port}`);
}

/** Seconds without a visit after which a namespace is put to sleep, as its way in says; null: never. */
export function idleAfterSeconds(state: NamespaceState): number | null {
  const [first] = objectsOf(state, "HTTPRoute").map((route) => Number(route.metadata.annotations?.[IDLE_ANNOTATION] ?? Number.NaN));
  return first !== undefined && first > 0 ? first : null;
}

function idleOf(namespace: string, route: HttpRoute, state: NamespaceState): Pick<EdgeRoute, "idle"> {
  const watched = idleAfterSeconds(state) !== null;
  const asleep = state.idle !== undefined && !state.down;
  if (!watched && !asleep) return {};
  const wakes = route.metadata.annotations?.[WAKES_ANNOTATION] === "anyone" ? "anyone" : "people";
  const visits = watched ? { visits: `/run/${visitsFile(namespace)}` } : {};
  return { idle: { ...visits, wakes, ...(asleep ? { wake: `/run/${WAKE_SOCKET}` } : {}) } };
}

function backendsOf(route: HttpRoute, state: NamespaceState, ready: readonly ReadyMark[]): { address: string; port: number }[] {
  const services = new Map(objectsOf(state, "Service").map((service) => [service.metadata.name, service]));
  const refs = route.spec.rules.flatMap((rule) => rule.backendRefs);
  const found = refs.flatMap((ref) => {
    const service = services.get(ref.name);
    const port = service?.spec.ports.find((one) => one.port === ref.port);
    if (service === undefined || port === undefined) return [];
    const behind = ready.filter((mark) => matches(service.spec.selector, mark.labels));
    const sure = behind.filter(isReady);
    // A busy machine makes probes late: a slow answer from the only pod is better than none.
    return (sure.length > 0 ? sure : behind).map((mark) => ({ address: mark.address, port: port.targetPort }));
  });
  return found.sort((a, b) => (`${a.address}:${a.port}` < `${b.address}:${b.port}` ? -1 : 1));
}
