import type { Resource } from "../kubernetes/kubernetes-api.ts";
import { HOWDAH_GROUP, resources } from "../kubernetes/resources.ts";
import { siteDocument } from "../site/schema/site-document.ts";
import { backupSpec, backupStatus } from "./schema/backup.ts";
import { backupStoreSpec } from "./schema/backup-store.ts";
import { datasetSpec, datasetStatus } from "./schema/dataset.ts";
import { databaseServerSpec, databaseServerStatus } from "./schema/database-server.ts";
import { environmentSpec, environmentStatus, FIELDS_WITH_DATA } from "./schema/environment.ts";
import { releaseSpec, releaseStatus } from "./schema/release.ts";
import { siteStatus } from "./schema/site-status.ts";
import { tenantSpec, tenantStatus } from "./schema/tenant.ts";
import { type StructuralSchema, structuralSchema } from "./structural-schema.ts";

/** A CustomResourceDefinition. */
export interface Crd {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: object;
}

interface Column {
  readonly name: string;
  readonly type: "string" | "date" | "integer";
  readonly jsonPath: string;
  readonly description?: string;
  /** 1: only with `-o wide`. */
  readonly priority?: 1;
}

/** A rule in CEL that the API server asks of each object. */
interface Rule {
  readonly rule: string;
  readonly message: string;
}

interface Definition {
  readonly resource: Resource;
  readonly description: string;
  readonly shortNames: readonly string[];
  readonly spec: StructuralSchema;
  readonly specRequired: boolean;
  readonly status: StructuralSchema;
  readonly rules?: readonly Rule[];
  readonly scale?: object;
  readonly columns: readonly Column[];
}

const AGE: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const READY: Column = { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' };
const STATUS: Column = {
  name: "Status",
  type: "string",
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
  description: "Why it is ready, or not.",
  priority: 1,
};

/** Rules between fields that the API server can ask; site files have more, which `howdah check` and the operator ask. */
const siteRules: readonly Rule[] = [
  {
    rule: "self.metadata.name.matches('^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$')",
    message: "metadata.name must be a DNS label: lower-case letters, digits and hyphens, starting with a letter, at most 40 characters",
  },
  {
    rule: "!self.metadata.name.startsWith('howdah-') && !self.metadata.name.startsWith('kube-')",
    message: "metadata.name must not start with `howdah-` or `kube-`: these names are the platform's own",
  },
  {
    rule: "!has(self.spec) || !has(self.spec.tls) || !has(self.spec.tls.mode) || self.spec.tls.mode != 'secret' || has(self.spec.tls.secret)",
    message: "spec.tls.secret must name a secret with `mode: secret`",
  },
];

function nameRule(pattern: string, message: string): Rule {
  return { rule: `self.metadata.name.matches('${pattern}')`, message };
}

/** It stands in names of Jobs. */
const shortName = nameRule(
  "^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$",
  "metadata.name must be a DNS label: lower-case letters, digits and hyphens, starting with a letter, at most 40 characters",
);

/** What a server of each kind must have; the operator asks the rest. */
const serverRules: readonly Rule[] = [
  nameRule(
    "^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$",
    "metadata.name must be a DNS label: lower-case letters, digits and hyphens, starting with a letter, at most 40 characters",
  ),
  {
    rule: "!self.metadata.name.startsWith('howdah-') && !self.metadata.name.startsWith('mariadb-')",
    message: "metadata.name must not start with `howdah-` or `mariadb-`: these names are the platform's own",
  },
  {
    rule: "!self.metadata.name.endsWith('-node') && !self.metadata.name.endsWith('-router')",
    message: "metadata.name must not end with `-node` or `-router`: parts of other servers are named so",
  },
  {
    rule: "self.spec.kind == oldSelf.spec.kind",
    message: "spec.kind stays what it is, since sites have their data there: make another DatabaseServer",
  },
  { rule: "self.spec.kind != 'external' || has(self.spec.external)", message: "spec.external must name addresses with `kind: external`" },
];

/** What tells the one environment of a namespace from those for development and review; whose data it is never changes. */
const environmentRules: readonly Rule[] = [
  {
    rule: "!has(self.spec.data) || (self.metadata.name != 'production' && self.metadata.name.matches('^[a-z0-9](-?[a-z0-9]){0,23}$'))",
    message:
      "metadata.name of an environment with spec.data must be letters, digits and single hyphens, at most 24 characters, and not `production`",
  },
  {
    rule: `has(self.spec.data) || !(${FIELDS_WITH_DATA.map((field) => `has(self.spec.${field})`).join(" || ")})`,
    message: `${FIELDS_WITH_DATA.map((field) => `spec.${field}`).join(", ")} belong to environments with spec.data`,
  },
  {
    rule: "!has(self.spec.data) || !has(self.spec.replicas)",
    message: "spec.replicas is of the environment without spec.data: with it one pod serves",
  },
  {
    rule: "has(self.spec.data) == has(oldSelf.spec.data) && (!has(self.spec.data) || (self.spec.data == oldSelf.spec.data && self.spec.site == oldSelf.spec.site))",
    message: "spec.data stays what it is: make another environment, or reset this one with the annotation howdah.dev/reset",
  },
];

/** The definitions, sorted by name: the same schemas as the site file's, in the form that the API server takes. */
export function crds(): readonly Crd[] {
  return definitions().map(crdOf);
}

function definitions(): readonly Definition[] {
  return [
    {
      resource: resources.Backup,
      description: "Backs up the site of a namespace: database and files, each proved by restoring into a scratch place.",
      shortNames: [],
      ...{ spec: structuralSchema(backupSpec), specRequired: false, status: structuralSchema(backupStatus) },
      rules: [shortName],
      columns: [
        { name: "Store", type: "string", jsonPath: ".spec.store" },
        { name: "Schedule", type: "string", jsonPath: ".spec.schedule" },
        READY,
        { name: "Last", type: "date", jsonPath: ".status.last.at", description: "The last backup." },
        { name: "Verified", type: "date", jsonPath: ".status.verified.at", description: "The last one that was proved by restoring." },
        STATUS,
        AGE,
      ],
    },
    {
      resource: resources.BackupStore,
      description: "Where backups of a namespace lie: a volume, or a bucket of an S3-compatible service.",
      shortNames: [],
      ...{
        spec: structuralSchema(backupStoreSpec),
        specRequired: true,
        status: { type: "object", description: "Nothing is written here." },
      },
      rules: [
        shortName,
        { rule: "has(self.spec.claim) != has(self.spec.s3)", message: "exactly one of spec.claim and spec.s3 must be given" },
      ],
      columns: [
        { name: "Claim", type: "string", jsonPath: ".spec.claim.name" },
        { name: "Bucket", type: "string", jsonPath: ".spec.s3.bucket" },
        AGE,
      ],
    },
    {
      resource: resources.DatabaseServer,
      description: "A database server, or a group of them, that holds databases of sites.",
      shortNames: ["dbs"],
      ...{ spec: structuralSchema(databaseServerSpec), specRequired: true, status: structuralSchema(databaseServerStatus) },
      rules: serverRules,
      columns: [
        { name: "Kind", type: "string", jsonPath: ".spec.kind" },
        { name: "Version", type: "string", jsonPath: ".status.version" },
        READY,
        { name: "Writer", type: "string", jsonPath: ".status.writer" },
        STATUS,
        AGE,
      ],
    },
    {
      resource: resources.Dataset,
      description: "Breeds golden datasets of the site of the same name: anonymized data that environments are copied from.",
      shortNames: [],
      ...{ spec: structuralSchema(datasetSpec), specRequired: false, status: structuralSchema(datasetStatus) },
      rules: [shortName],
      columns: [
        { name: "Generation", type: "string", jsonPath: ".status.generation", description: "What new environments get." },
        READY,
        { name: "Bred", type: "date", jsonPath: ".status.bred", description: "How old its data is." },
        STATUS,
        AGE,
      ],
    },
    {
      resource: resources.Environment,
      description:
        "A running copy of a site. The operator makes `production` for each Site. Others have `spec.data`: for development and review, each in a namespace of its own.",
      shortNames: ["env"],
      ...{ spec: structuralSchema(environmentSpec), specRequired: true, status: structuralSchema(environmentStatus) },
      rules: environmentRules,
      scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas", labelSelectorPath: ".status.selector" },
      columns: [
        { name: "Site", type: "string", jsonPath: ".spec.site" },
        { name: "Release", type: "string", jsonPath: ".status.release" },
        { name: "Rollout", type: "string", jsonPath: ".status.rollout.step", description: "The step of a rollout that is under way." },
        READY,
        {
          name: "Data",
          type: "string",
          jsonPath: ".status.generation",
          description: "The generation of the dataset that it has a copy of.",
        },
        { name: "Until", type: "string", jsonPath: ".spec.until", description: "When it deletes itself." },
        { name: "URL", type: "string", jsonPath: ".status.url", priority: 1 },
        STATUS,
        AGE,
      ],
    },
    {
      resource: resources.Release,
      description: "A pinned, immutable revision of a site: image digests and configuration. `howdah deploy` makes them.",
      shortNames: ["rel"],
      ...{ spec: structuralSchema(releaseSpec), specRequired: true, status: structuralSchema(releaseStatus) },
      rules: [nameRule("^r[1-9][0-9]{0,8}$", "metadata.name must be r and a number, such as r12")],
      columns: [
        { name: "Site", type: "string", jsonPath: ".spec.siteName" },
        { name: "State", type: "string", jsonPath: ".status.state" },
        { name: "Who", type: "string", jsonPath: ".spec.who" },
        { name: "Why", type: "string", jsonPath: ".spec.why" },
        { name: "Commit", type: "string", jsonPath: ".spec.git.commit", priority: 1 },
        { name: "Reason", type: "string", jsonPath: ".status.reason", priority: 1 },
        AGE,
      ],
    },
    {
      resource: resources.Site,
      description: "A site: an existing PHP or static site, described in one file.",
      shortNames: [],
      ...{ spec: structuralSchema(siteDocument.shape.spec), specRequired: false, status: structuralSchema(siteStatus) },
      rules: siteRules,
      columns: [
        { name: "URL", type: "string", jsonPath: ".status.url" },
        { name: "Release", type: "string", jsonPath: ".status.release" },
        READY,
        STATUS,
        AGE,
      ],
    },
    {
      resource: resources.Tenant,
      description: "An organization with namespaces of its own, guarded by quota, network policies and roles.",
      shortNames: [],
      ...{ spec: structuralSchema(tenantSpec), specRequired: false, status: structuralSchema(tenantStatus) },
      columns: [{ name: "Namespaces", type: "string", jsonPath: ".status.namespaces" }, READY, STATUS, AGE],
    },
  ];
}

function crdOf(definition: Definition): Crd {
  const { resource, shortNames, scale } = definition;
  const { plural, kind, group, version } = resource;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}`, labels: { "app.kubernetes.io/part-of": "howdah", "app.kubernetes.io/managed-by": "howdah" } },
    spec: {
      group,
      scope: resource.namespaced ? "Namespaced" : "Cluster",
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        categories: ["howdah"],
        ...(shortNames.length === 0 ? {} : { shortNames }),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootOf(definition) },
          subresources: { status: {}, ...(scale === undefined ? {} : { scale }) },
          additionalPrinterColumns: definition.columns,
        },
      ],
    },
  };
}

function rootOf({ description, spec, specRequired, status, rules }: Definition): StructuralSchema {
  return {
    type: "object",
    description,
    properties: {
      apiVersion: { type: "string", description: `Always ${HOWDAH_GROUP}/v1alpha1.` },
      kind: { type: "string", description: "The kind's name." },
      metadata: { type: "object" },
      spec,
      status,
    },
    ...(specRequired ? { required: ["spec"] } : {}),
    ...(rules === undefined ? {} : { "x-kubernetes-validations": rules }),
  };
}
