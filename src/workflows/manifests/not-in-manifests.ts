import type { ClusterSettings } from "../../render/cluster/cluster-settings.ts";
import { wantsSessionServer } from "../../render/php/sessions.ts";
import type { Site } from "../../site/site.ts";
import type { PinnedImages } from "./pin-images.ts";

/** What of a site file plain manifests don't do, or do in another way than Howdah's operator: a sentence each. */
export function notInManifests(site: Site, settings: ClusterSettings, images: Pick<PinnedImages, "sessions">): readonly string[] {
  const { hooks, scale, crons, database } = site;
  return [
    ...(settings.wayIn.kind === "none"
      ? ["Nobody outside of the cluster reaches the site: --gateway, --ingress-class or --service says how visitors come in."]
      : []),
    ...(hooks.migrate.length > 0 && database !== null
      ? ["The first new pod migrates, once, without a dump before it: back the database up first."]
      : []),
    ...(hooks.postDeploy.length > 0 ? ["hooks.postDeploy does not run: nobody here sees when a release is healthy."] : []),
    ...(crons.length > 0 ? ["Each cron run is a pod of its own."] : []),
    ...(scale.idle === null ? [] : ["scale.idle is for one machine: on a cluster the site stays awake."]),
    ...(wantsSessionServer(site) && images.sessions === null
      ? ["Each pod keeps sessions of its own, so visitors may be signed out: --image-sessions names the image of a server for them."]
      : []),
    ...(settings.storage.sharedAccess === "ReadWriteOnce" && scale.replicas > 1
      ? ["With ReadWriteOnce all pods that share a volume run on one node: its loss is the site's."]
      : []),
  ];
}
