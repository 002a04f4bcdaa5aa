import * as z from "zod";
import { conditions, observedGeneration } from "./condition.ts";

const namespaceName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be a namespace's name: lower-case letters, digits and hyphens, at most 63");

const quantity = z
  .union([z.int(), z.string().regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?$/, "must be a quantity such as `500m`, `2` or `4Gi`")])
  .meta({ "x-kubernetes-int-or-string": true });

const subject = z.string().min(1).max(253);

const role = z
  .strictObject({
    users: z.array(subject).max(100).default([]).meta({ description: "Users, as the cluster's authentication names them." }),
    groups: z.array(subject).max(100).default([]).meta({ description: "Groups." }),
  })
  .optional();

const amounts = z.record(z.string().max(253), quantity);

/** `spec` of a Tenant. */
export const tenantSpec = z
  .strictObject({
    namespaces: z
      .array(namespaceName)
      .min(1)
      .max(100)
      .optional()
      .meta({
        description: "Its namespaces; each holds one environment. Left out: one, with the tenant's name.",
        examples: [["acme-shop", "acme-blog"]],
        "x-kubernetes-list-type": "set",
      }),
    profile: z
      .enum(["small", "medium", "large", "own"])
      .optional()
      .meta({
        description:
          "What each namespace gets: a ResourceQuota of memory, storage and pods that an environment of this size needs. `own`, or left out: what `quota` says.",
        examples: ["medium"],
      }),
    suspended: z.boolean().optional().meta({
      description:
        "`true`: visitors of its sites read a page (503), pods and crons stop, database users are locked and their sessions end. Data stays.",
    }),
    storage: quantity.optional().meta({
      description: "Storage that is reserved for each namespace (`requests.storage` of its ResourceQuota), in place of the profile's.",
      examples: ["50Gi"],
    }),
    quota: amounts.optional().meta({
      description: "A ResourceQuota of each namespace (not of their sum), in Kubernetes' names. What it names goes before the profile's.",
      examples: [{ "limits.memory": "8Gi", "requests.storage": "50Gi", pods: 40 }],
    }),
    database: z
      .strictObject({
        connections: z
          .int()
          .min(0)
          .max(10_000)
          .optional()
          .meta({ description: "Connections at one time; 0: no bound.", examples: [40] }),
        statementSeconds: z
          .int()
          .min(0)
          .max(86_400)
          .optional()
          .meta({ description: "Seconds that a statement may take; 0: no bound.", examples: [120] }),
      })
      .optional()
      .meta({ description: "Bounds of each site's database user. What it names goes before the profile's." }),
    limits: z
      .strictObject({
        default: amounts.optional().meta({ description: "Limits of a container that names none." }),
        defaultRequest: amounts.optional().meta({ description: "Requests of a container that names none." }),
        max: amounts.optional().meta({ description: "The most that a container may have." }),
      })
      .optional()
      .meta({ description: "A LimitRange of each namespace, for containers." }),
    pullSecret: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, "must be a secret's name")
      .optional()
      .meta({
        description:
          "A secret of type kubernetes.io/dockerconfigjson in howdah-system: copied to each namespace and put on its default service account.",
      }),
    roles: z
      .strictObject({
        admin: role.meta({ description: "May do everything with sites, secrets and data of these namespaces." }),
        developer: role.meta({ description: "May deploy, roll back, read logs and run programs." }),
        viewer: role.meta({ description: "May look, but not at secrets." }),
      })
      .optional()
      .meta({ description: "Who may do what in these namespaces." }),
  })
  .meta({ description: "Which namespaces an organization has, and what bounds them." });

const keys = z
  .strictObject({
    id: z.string().meta({ description: "Name of the key that signs: its thumbprint." }),
    state: z.enum(["one", "announced", "both"]).meta({
      description: "`one` key is valid; another is `announced`, and signs when all sites know it; `both` are valid, and the new one signs.",
    }),
    waitsFor: z.array(z.string()).optional().meta({ description: "Namespaces whose pods are still given the keys." }),
    asked: z
      .strictObject({
        rotate: z.string().optional().meta({ description: "Of howdah.dev/rotate-key." }),
        finish: z.string().optional().meta({ description: "Of howdah.dev/finish-key-rotation." }),
      })
      .optional()
      .meta({ description: "The last values of annotations that were acted on." }),
  })
  .meta({ description: "Its key pair for JSON Web Tokens, which each namespace has in the Secret tenant-keys." });

/** `status` of a Tenant. */
export const tenantStatus = z
  .strictObject({
    observedGeneration,
    conditions,
    keys: keys.optional(),
    namespaces: z
      .array(z.string())
      .optional()
      .meta({ description: "Namespaces that are in place. They hold data: the operator deletes them only with a Tenant that says when." }),
  })
  .meta({ description: "What the operator sees. Written by it alone." });

export type TenantSpec = z.output<typeof tenantSpec>;
export type TenantStatus = z.output<typeof tenantStatus>;
