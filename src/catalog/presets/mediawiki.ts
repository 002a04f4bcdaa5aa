import { siteUrl } from "./site-url.ts";

/** LocalSettings.php of MediaWiki. `LocalSettings.custom.php` beside it, part of the site's code, has the last word. */
export const mediawiki = String.raw`<?php
// Written by Howdah (preset "mediawiki"): every value comes from the environment.
if (!defined('MEDIAWIKI')) {
    exit;
}
${siteUrl}
$wgSitename = getenv('HOWDAH_SITE_TITLE') ?: 'MediaWiki';
$wgServer = $howdah_url;
$wgScriptPath = '';
$wgArticlePath = '/wiki/$1';
$wgResourceBasePath = '';
$wgLanguageCode = getenv('HOWDAH_LANGUAGE') ?: 'en';

$wgDBtype = 'mysql';
$wgDBserver = getenv('DB_HOST') . ':' . (getenv('DB_PORT') ?: '3306');
$wgDBname = (string) getenv('DB_NAME');
$wgDBuser = (string) getenv('DB_USER');
$wgDBpassword = (string) getenv('DB_PASSWORD');
$wgDBTableOptions = 'ENGINE=InnoDB, DEFAULT CHARSET=binary';

$wgSecretKey = (string) getenv('MW_SECRET_KEY');
$wgUpgradeKey = (string) getenv('MW_UPGRADE_KEY');
$wgAuthenticationTokenVersion = '1';

$wgMainCacheType = extension_loaded('apcu') ? CACHE_ACCEL : CACHE_DB;
$wgSessionCacheType = CACHE_DB;
$wgParserCacheType = CACHE_DB;
$wgCacheDirectory = "$IP/cache";
// Jobs run as a cron where the site has one for them, else after visitors' requests.
$wgJobRunRate = strpos((string) getenv('HOWDAH_CRONS'), 'runJobs.php') !== false ? 0 : 1;

$wgEnableUploads = true;
$wgUseInstantCommons = false;
$wgUseImageMagick = is_executable('/usr/bin/convert');
$wgImageMagickConvertCommand = '/usr/bin/convert';
$wgDiff3 = is_executable('/usr/bin/diff3') ? '/usr/bin/diff3' : '';
$wgPingback = false;
$wgEnableEmail = false;

foreach (['MinervaNeue', 'MonoBook', 'Timeless', 'Vector'] as $howdah_skin) {
    if (is_file("$IP/skins/$howdah_skin/skin.json")) {
        wfLoadSkin($howdah_skin);
    }
}
$wgDefaultSkin = 'vector-2022';
foreach (array_filter(explode(',', getenv('MW_EXTENSIONS') ?: '')) as $howdah_extension) {
    if (preg_match('/^[A-Za-z0-9]+$/', $howdah_extension) && is_file("$IP/extensions/$howdah_extension/extension.json")) {
        wfLoadExtension($howdah_extension);
    }
}
if (is_file(__DIR__ . '/LocalSettings.custom.php')) {
    require __DIR__ . '/LocalSettings.custom.php';
}
`;
