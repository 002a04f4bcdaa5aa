import { siteUrl } from "./site-url.ts";

/** config.php of Tiny Tiny RSS: constants up to 2021, environment variables since; both are served. */
export const ttRss = String.raw`<?php
// Written by Howdah (preset "tt-rss"): every value comes from the environment.
${siteUrl}
$howdah_settings = [
    'DB_TYPE' => 'mysql',
    'DB_HOST' => (string) getenv('DB_HOST'),
    'DB_PORT' => getenv('DB_PORT') ?: '3306',
    'DB_NAME' => (string) getenv('DB_NAME'),
    'DB_USER' => (string) getenv('DB_USER'),
    'DB_PASS' => (string) getenv('DB_PASSWORD'),
    'MYSQL_CHARSET' => 'UTF8',
    'SELF_URL_PATH' => $howdah_url . '/',
    'SINGLE_USER_MODE' => false,
    'SIMPLE_UPDATE_MODE' => false,
    'PHP_EXECUTABLE' => '/usr/bin/php',
    'LOCK_DIRECTORY' => 'lock',
    'CACHE_DIR' => 'cache',
    'ICONS_DIR' => 'feed-icons',
    'ICONS_URL' => 'feed-icons',
    'AUTH_AUTO_CREATE' => true,
    'AUTH_AUTO_LOGIN' => true,
    'FORCE_ARTICLE_PURGE' => 0,
    'ENABLE_REGISTRATION' => false,
    'REG_NOTIFY_ADDRESS' => '',
    'REG_MAX_USERS' => 0,
    'SESSION_COOKIE_LIFETIME' => 86400,
    'SMTP_FROM_NAME' => 'Tiny Tiny RSS',
    'SMTP_FROM_ADDRESS' => 'noreply@example.org',
    'DIGEST_SUBJECT' => '[tt-rss] New headlines for last 24 hours',
    'CHECK_FOR_UPDATES' => false,
    'ENABLE_GZIP_OUTPUT' => false,
    'PLUGINS' => 'auth_internal, note',
    'LOG_DESTINATION' => '',
    'CONFIG_VERSION' => 26,
];
foreach ($howdah_settings as $howdah_name => $howdah_value) {
    defined($howdah_name) || define($howdah_name, $howdah_value);
    putenv('TTRSS_' . $howdah_name . '=' . (is_bool($howdah_value) ? ($howdah_value ? 'true' : 'false') : $howdah_value));
}
`;

/** config.inc.php of Typecho, as its own installer would write it. */
export const typecho = String.raw`<?php
// Written by Howdah (preset "typecho"): every value comes from the environment.
define('__TYPECHO_ROOT_DIR__', __DIR__);
define('__TYPECHO_PLUGIN_DIR__', '/usr/plugins');
define('__TYPECHO_THEME_DIR__', '/usr/themes');
define('__TYPECHO_ADMIN_DIR__', '/admin/');
${siteUrl}
require_once __TYPECHO_ROOT_DIR__ . '/var/Typecho/Common.php';
\Typecho\Common::init();

$db = new \Typecho\Db(getenv('TYPECHO_DB_ADAPTER') ?: 'Pdo_Mysql', getenv('TYPECHO_DB_PREFIX') ?: 'typecho_');
$db->addServer([
    'host' => (string) getenv('DB_HOST'),
    'port' => (int) (getenv('DB_PORT') ?: 3306),
    'user' => (string) getenv('DB_USER'),
    'password' => (string) getenv('DB_PASSWORD'),
    'charset' => 'utf8mb4',
    'database' => (string) getenv('DB_NAME'),
    'engine' => 'InnoDB',
    'sslCa' => null,
    'sslVerify' => false,
], \Typecho\Db::READ | \Typecho\Db::WRITE);
\Typecho\Db::set($db);
`;

/** sites/default/settings.php of Drupal 8 and later. settings.local.php beside it, part of the code, has the last word. */
export const drupal = String.raw`<?php
// Written by Howdah (preset "drupal"): every value comes from the environment.
$databases['default']['default'] = [
    'driver' => 'mysql',
    'namespace' => 'Drupal\\mysql\\Driver\\Database\\mysql',
    'autoload' => 'core/modules/mysql/src/Driver/Database/mysql/',
    'host' => (string) getenv('DB_HOST'),
    'port' => getenv('DB_PORT') ?: '3306',
    'database' => (string) getenv('DB_NAME'),
    'username' => (string) getenv('DB_USER'),
    'password' => (string) getenv('DB_PASSWORD'),
    'prefix' => '',
    'init_commands' => ['isolation_level' => 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED'],
];
if (!is_dir($app_root . '/core/modules/mysql')) {
    unset($databases['default']['default']['namespace'], $databases['default']['default']['autoload']);
}
$settings['hash_salt'] = (string) getenv('DRUPAL_HASH_SALT');
$settings['config_sync_directory'] = is_dir(dirname($app_root) . '/config/sync') ? '../config/sync' : $site_path . '/files/sync';
$settings['file_temp_path'] = sys_get_temp_dir();
$settings['php_storage']['twig']['directory'] = sys_get_temp_dir() . '/twig';
$settings['reverse_proxy'] = false;
$settings['trusted_host_patterns'] = array_map(static function (string $name): string {
    return '^' . str_replace('\*', '.+', preg_quote($name)) . '$';
}, array_filter(explode(',', getenv('HOWDAH_HOSTNAMES') ?: 'localhost')));
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') {
    $_SERVER['HTTPS'] = 'on';
}
if (is_file($app_root . '/' . $site_path . '/settings.local.php')) {
    include $app_root . '/' . $site_path . '/settings.local.php';
}
`;

/** config/config_local.inc.php of Stud.IP. */
export const studip = String.raw`<?php
// Written by Howdah (preset "studip"): every value comes from the environment.
namespace Studip {
    const ENV = 'production';
}

namespace {
${siteUrl}
$DB_STUDIP_HOST = getenv('DB_HOST') . (getenv('DB_PORT') ? ';port=' . getenv('DB_PORT') : '');
$DB_STUDIP_USER = (string) getenv('DB_USER');
$DB_STUDIP_PASSWORD = (string) getenv('DB_PASSWORD');
$DB_STUDIP_DATABASE = (string) getenv('DB_NAME');
$ABSOLUTE_URI_STUDIP = $howdah_url . '/';
$ASSETS_URL = $ABSOLUTE_URI_STUDIP . 'assets/';
$CANONICAL_RELATIVE_PATH_STUDIP = '/';
$CONTENT_LANGUAGES['en_GB'] = ['picture' => 'lang_en.gif', 'name' => 'English'];
}
`;
