import type { HttpRoute } from "../../render/objects.ts";
import { matches } from "./pods.ts";
import type { ReadyMark } from "./ready-marks.ts";
import { type NamespaceState, objectsOf } from "./state-store.ts";

/** Where the way in listens. */
export interface EdgeListen {
  /** Address to listen on: `127.0.0.1`, `0.0.0.0`, `::`. */
  readonly bind: string;
  readonly httpPort: number;
  readonly httpsPort?: number;
}

/** A route of the way in, with the addresses of the pods that are ready for it. No backends: the edge answers 503 itself. */
export interface EdgeRoute {
  readonly namespace: string;
  readonly name: string;
  readonly hostnames: readonly string[];
  readonly backends: readonly { readonly address: string; readonly port: number }[];
  /** Paths inside the edge's container. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** Everything that the edge's configuration is rendered from. Sorted: the same world gives the same text. */
export interface EdgeInput {
  readonly listen: EdgeListen;
  readonly routes: readonly EdgeRoute[];
}

/** Renders the edge's nginx configuration; src/render/nginx has the real one. Must run in the foreground, without `user` and `pid` outside /run. */
export type RenderEdge = (input: EdgeInput) => string;

/** The annotation that asks for TLS: `local`, or the name of a secret with `tls.crt` and `tls.key`. */
export const TLS_ANNOTATION = "howdah.dev/tls";

/** A route before its certificate is known. */
export interface RouteWithoutTls extends Omit<EdgeRoute, "tls"> {
  /** Value of the TLS annotation. */
  readonly tls?: string;
}

/** The routes of a namespace with the ready pods behind them. */
export function routesOf(namespace: string, state: NamespaceState, marks: Iterable<ReadyMark>): RouteWithoutTls[] {
  const ready = [...marks].filter((mark) => mark.namespace === namespace);
  return objectsOf(state, "HTTPRoute")
    .map((route) => {
      const tls = route.metadata.annotations?.[TLS_ANNOTATION];
      return {
        namespace,
        name: route.metadata.name,
        hostnames: route.spec.hostnames.toSorted(),
        backends: state.down ? [] : backendsOf(route, state, ready),
        ...(tls === undefined ? {} : { tls }),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function backendsOf(route: HttpRoute, state: NamespaceState, ready: readonly ReadyMark[]): { address: string; port: number }[] {
  const services = new Map(objectsOf(state, "Service").map((service) => [service.metadata.name, service]));
  const refs = route.spec.rules.flatMap((rule) => rule.backendRefs);
  const found = refs.flatMap((ref) => {
    const service = services.get(ref.name);
    const port = service?.spec.ports.find((one) => one.port === ref.port);
    if (service === undefined || port === undefined) return [];
    return ready
      .filter((mark) => matches(service.spec.selector, mark.labels))
      .map((mark) => ({ address: mark.address, port: port.targetPort }));
  });
  return found.sort((a, b) => (`${a.address}:${a.port}` < `${b.address}:${b.port}` ? -1 : 1));
}
