import * as z from "zod";
import { conditions, observedGeneration } from "./condition.ts";

/** A server's name: its Service in `howdah-system` has it too, so it must not be one that a server of a version has (`mariadb-11-8`). */
export const DATABASE_SERVER_NAME = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/;

const quantity = z.string().regex(/^[1-9][0-9]{0,6}(Ki|Mi|Gi|Ti)$/, "must be a size such as `512Mi` or `10Gi`");

const address = z
  .strictObject({
    host: z
      .string()
      .max(253)
      .regex(/^[A-Za-z0-9:]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$/, "must be an IP address or a host name")
      .meta({ description: "An IP address; or a host name, if it is the only one." }),
    port: z.int().min(1).max(65_535).default(3306).meta({ description: "TCP port. Default: 3306." }),
  })
  .meta({ description: "Where a server listens." });

const external = z
  .strictObject({
    addresses: z.array(address).min(1).max(9).meta({
      description:
        "Every server of the group: primary and replicas, or the nodes of a cluster. Sites are led to the one that is the healthy writer.",
    }),
    administrator: z
      .strictObject({
        secret: z
          .string()
          .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, "must be a secret's name")
          .meta({ description: "A secret in howdah-system with the keys `user` and `password`." }),
      })
      .meta({ description: "An account that may make databases and users there, and look at replication." }),
  })
  .meta({ description: "With `kind: external`: servers that exist. Howdah makes databases and users on them and changes nothing else." });

const image = (what: string) =>
  z
    .string()
    .max(500)
    .regex(/^[a-z0-9][a-z0-9.:/_-]*@sha256:[0-9a-f]{64}$/, "must be an image with its digest: `registry.example/galera@sha256:…`")
    .optional()
    .meta({ description: what });

const galera = z
  .strictObject({
    replicas: z.int().min(3).max(7).default(3).meta({ description: "Nodes; an odd number. Default: 3." }),
    image: image("Image of the nodes, by digest, from a registry that the cluster may pull from. Without it no node starts."),
    router: z
      .strictObject({
        kind: z.enum(["haproxy", "proxysql"]).default("haproxy").meta({
          description: "What leads sites to the writer; `proxysql` shares connections, for many short ones. Default: haproxy.",
        }),
        image: image("Image of HAProxy, or one of your own with /usr/bin/proxysql, by digest. Without it sites don't get to the nodes."),
        replicas: z.int().min(1).max(5).default(2).meta({ description: "Its pods. Default: 2." }),
      })
      .prefault({})
      .meta({ description: "The way to the nodes." }),
  })
  .meta({ description: "With `kind: galera`: nodes that hold the same data and survive the loss of a machine." });

/** `spec` of a DatabaseServer. */
export const databaseServerSpec = z
  .strictObject({
    kind: z.enum(["embedded", "galera", "external"]).meta({
      description:
        "`embedded`: one MariaDB, restarted at once. `galera`: three nodes, for the loss of a machine. `external`: servers that exist.",
    }),
    version: z
      .string()
      .regex(/^[0-9]{1,2}\.[0-9]{1,2}$/, "must be a version such as `11.8`")
      .optional()
      .meta({ description: "MariaDB's version, of `embedded` and `galera`. Default: 11.8.", examples: ["11.8"] }),
    memory: quantity.optional().meta({ description: "Memory of each node, of `embedded` and `galera`. Default: 1Gi." }),
    storage: quantity.optional().meta({ description: "Volume of each node, of `embedded` and `galera`. Default: 10Gi." }),
    default: z.boolean().default(false).meta({ description: "`true`: of sites that name no server. Default: false." }),
    tenants: z
      .array(z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be a tenant's name"))
      .max(1000)
      .optional()
      .meta({ description: "Tenants whose sites may use it. Left out: all.", "x-kubernetes-list-type": "set" }),
    external: external.optional(),
    galera: galera.optional(),
  })
  .meta({ description: "Where databases of sites are." });

const seen = z
  .strictObject({
    address: z.string().meta({ description: "`HOST:PORT`." }),
    role: z.string().meta({ description: "`writer`, `reader`, or why it is neither." }),
  })
  .meta({ description: "An address as it was seen last." });

/** `status` of a DatabaseServer. */
export const databaseServerStatus = z
  .strictObject({
    observedGeneration,
    conditions,
    version: z.string().optional().meta({ description: "What the writer says of its version." }),
    writer: z.string().optional().meta({ description: "The address or node that sites write to." }),
    state: z.string().optional().meta({ description: "Of several nodes: Healthy, Degraded, AllNonPrimary or FullCrash." }),
    addresses: z.array(seen).optional().meta({ description: "What each address of an external server is." }),
    warning: z.string().optional().meta({ description: "How this server can lose what it acknowledged." }),
  })
  .meta({ description: "What the operator sees. Written by it alone." });

export type DatabaseServerSpec = z.output<typeof databaseServerSpec>;
export type DatabaseServerStatus = z.output<typeof databaseServerStatus>;
