/** How a failure behaves: the CLI's exit code (sysexits.h), whether trying again can help, a condition reason, what to do next. */
export interface ErrorEntry {
  readonly exit: number;
  readonly retry: "never" | "backoff";
  /** CamelCase reason used in status conditions. */
  readonly reason: string;
  /** What happened, for the reference page: one sentence. */
  readonly title: string;
  /** The next step for a person. */
  readonly hint: string;
}

/** Every failure Howdah can name. docs/reference/errors.md and the exit codes are generated from this table. */
export const errorCatalog = {
  "usage/invalid": {
    exit: 64,
    retry: "never",
    reason: "UsageInvalid",
    title: "The command line is wrong",
    hint: "Run the command with `--help` for its arguments and examples.",
  },
  "site/invalid": {
    exit: 65,
    retry: "never",
    reason: "SiteInvalid",
    title: "The site file has errors",
    hint: "Mend the places that are marked; `howdah explain PATH` documents any field.",
  },
  "site/not-found": {
    exit: 66,
    retry: "never",
    reason: "SiteFileNotFound",
    title: "There is no site file where one was expected",
    hint: "Run `howdah init DIR` to write one, or name it with `--file`.",
  },
  "site/unreadable": {
    exit: 66,
    retry: "never",
    reason: "SiteFileUnreadable",
    title: "The site file can't be read safely: too large, too deep, not UTF-8, or not a regular file",
    hint: "A site file is at most 256 kB of UTF-8, 32 levels deep, without aliases and tags.",
  },
  "site/exists": {
    exit: 73,
    retry: "never",
    reason: "SiteFileExists",
    title: "A site file is already there",
    hint: "Edit it, or run `howdah init --force` to write it anew (the old one is kept beside it).",
  },
  "site/unknown": {
    exit: 66,
    retry: "never",
    reason: "SiteUnknown",
    title: "No site of that name runs here",
    hint: "`howdah status` lists the sites of this machine.",
  },
  "detect/unsupported": {
    exit: 65,
    retry: "never",
    reason: "ApplicationUnsupported",
    title: "The tree is an application that Howdah can't run",
    hint: "Read the diagnostics: they name what is missing (a PostgreSQL-only application, for example).",
  },
  "detect/empty": {
    exit: 66,
    retry: "never",
    reason: "NothingToServe",
    title: "The directory holds nothing that could be served",
    hint: "Point Howdah at the directory that holds the site's code.",
  },
  "machine/needs-root": {
    exit: 77,
    retry: "never",
    reason: "NeedsRoot",
    title: "This needs root: containers of sites run rootful, on networks and volumes of the machine",
    hint: "Run it again with `sudo`. `init`, `check`, `explain` and `show` need no root.",
  },
  "machine/tool-missing": {
    exit: 69,
    retry: "never",
    reason: "ToolMissing",
    title: "A program that Howdah needs is not installed",
    hint: "`howdah doctor` names it and the command that installs it.",
  },
  "machine/tool-failed": {
    exit: 70,
    retry: "backoff",
    reason: "ToolFailed",
    title: "A program that Howdah runs failed in a way it has no better name for",
    hint: "Read its last lines above; `howdah doctor` checks the machine.",
  },
  "machine/disk-full": {
    exit: 74,
    retry: "backoff",
    reason: "DiskFull",
    title: "A file system has no space left",
    hint: "Free some space on the file system that is named, then run the same command again: it goes on where it stopped.",
  },
  "machine/port-in-use": {
    exit: 69,
    retry: "backoff",
    reason: "PortInUse",
    title: "The port is used by another program",
    hint: "Stop that program, or choose another port with `--port`.",
  },
  "machine/busy": {
    exit: 75,
    retry: "backoff",
    reason: "SiteBusy",
    title: "Another command is working on this site",
    hint: "Wait for it, or stop it; nothing was changed.",
  },
  "machine/state-unreadable": {
    exit: 74,
    retry: "never",
    reason: "StateUnreadable",
    title: "Howdah's own state on this machine can't be read",
    hint: "The file that is named is damaged; restore it, or `howdah doctor` shows how to rebuild it.",
  },
  "image/package-unknown": {
    exit: 65,
    retry: "never",
    reason: "PackageUnknown",
    title: "Debian has no package for something the site asks for",
    hint: "`howdah explain spec.runtime.extensions` lists what each PHP version has.",
  },
  "image/package-dropped": {
    exit: 69,
    retry: "never",
    reason: "PackageDropped",
    title: "A locked package is no longer on the mirror and not in the cache",
    hint: "Run `howdah pin` to renew the lock, or set HOWDAH_DEBIAN_MIRROR to a mirror that keeps old versions.",
  },
  "image/source-unreachable": {
    exit: 69,
    retry: "backoff",
    reason: "PackageSourceUnreachable",
    title: "The package source does not answer",
    hint: "Check the network and the host's apt sources; images that are already built need no source.",
  },
  "image/digest-mismatch": {
    exit: 70,
    retry: "never",
    reason: "DigestMismatch",
    title: "A downloaded package is not what the lock says",
    hint: "The mirror serves something else under this name. Don't use it; `howdah pin` renews the lock if the change is legitimate.",
  },
  "image/incomplete": {
    exit: 70,
    retry: "never",
    reason: "ImageIncomplete",
    title: "A built image lacks a library or an extension that it must have",
    hint: "This is a fault in the package selection: please report it with the lock file.",
  },
  "image/build-hook-failed": {
    exit: 70,
    retry: "never",
    reason: "BuildHookFailed",
    title: "A build hook of the site failed",
    hint: "Its last 100 lines are above. What ran before goes on running.",
  },
  "image/build-failed": {
    exit: 70,
    retry: "backoff",
    reason: "BuildFailed",
    title: "An image could not be built",
    hint: "Read the last lines above; `howdah doctor` checks the machine.",
  },
  "render/unsafe": {
    exit: 70,
    retry: "never",
    reason: "RenderUnsafe",
    title: "A rendered configuration, parsed again, is not what was meant",
    hint: "This is a fault in Howdah, or an attack in the site file. Nothing was changed; please report it.",
  },
  "config/rejected": {
    exit: 65,
    retry: "never",
    reason: "ConfigRejected",
    title: "nginx or PHP-FPM refuses the rendered configuration",
    hint: "What ran before goes on running. The server's own words are above.",
  },
  "engine/unreachable": {
    exit: 69,
    retry: "backoff",
    reason: "EngineUnreachable",
    title: "The container engine does not answer",
    hint: "Is podman installed and working? Try `howdah doctor`.",
  },
  "engine/not-ready": {
    exit: 75,
    retry: "backoff",
    reason: "NotReady",
    title: "A component did not become ready in time",
    hint: "`howdah logs` shows its own words. The former one goes on serving if there was one.",
  },
  "engine/crashed": {
    exit: 70,
    retry: "backoff",
    reason: "Crashed",
    title: "A component stopped right after its start",
    hint: "Its last lines are above; `howdah logs` shows more.",
  },
  "site/files-failed": {
    exit: 74,
    retry: "backoff",
    reason: "FilesFailed",
    title: "The site's files could not be put in place on its volumes",
    hint: "The path is named above: is its volume full, or not writable for uid 50000?",
  },
  "site/install-failed": {
    exit: 70,
    retry: "never",
    reason: "InstallFailed",
    title: "The site's install hook failed",
    hint: "Its last lines are above. The database is cleared before the hook runs again, as it was empty before.",
  },
  "site/migrate-failed": {
    exit: 70,
    retry: "never",
    reason: "MigrateFailed",
    title: "The site's migration failed, so the new code was not started",
    hint: "Its last lines are above. Mend the migration and run `howdah up` again.",
  },
  "site/post-deploy-failed": {
    exit: 70,
    retry: "never",
    reason: "PostDeployFailed",
    title: "The site runs, but its post-deploy hook failed",
    hint: "Its last lines are above. `howdah exec` runs it again by hand.",
  },
  "site/unhealthy": {
    exit: 75,
    retry: "backoff",
    reason: "SiteUnhealthy",
    title: "The site's health path does not answer as a healthy site does",
    hint: "`howdah logs` shows PHP's own words. `spec.web.healthPath` names the path that is asked.",
  },
  "database/unreachable": {
    exit: 75,
    retry: "backoff",
    reason: "DatabaseUnreachable",
    title: "The database did not answer in time",
    hint: "`howdah logs --component database` shows its own words.",
  },
  "database/failed": {
    exit: 70,
    retry: "never",
    reason: "DatabaseFailed",
    title: "The database refused a statement",
    hint: "The server's words are above.",
  },
  "data/conflict": {
    exit: 65,
    retry: "never",
    reason: "CodeConflict",
    title: "Files edited on the site and changed upstream differ",
    hint: "The edits are kept; the new versions lie beside them with the suffix `.howdah-new`.",
  },
  "data/path-refused": {
    exit: 77,
    retry: "never",
    reason: "PathRefused",
    title: "A path leaves the site's writable paths",
    hint: "Name a path below one of the site's mounts; `howdah files ls` lists them.",
  },
  cancelled: {
    exit: 130,
    retry: "never",
    reason: "Cancelled",
    title: "Stopped by the user",
    hint: "Nothing is half-done: run the same command again to go on.",
  },
  bug: {
    exit: 70,
    retry: "never",
    reason: "Bug",
    title: "A fault in Howdah",
    hint: "Please report it with the lines above; they hold no secret.",
  },
} as const satisfies Record<string, ErrorEntry>;

/** The name of a failure. */
export type ErrorCode = keyof typeof errorCatalog;
