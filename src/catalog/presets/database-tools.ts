/** config.inc.php of phpMyAdmin: one server, the site's own; whoever has an account there logs in with it. */
export const phpmyadmin = String.raw`<?php
// Written by Howdah (preset "phpmyadmin"): every value comes from the environment.
$cfg['blowfish_secret'] = (string) getenv('PMA_BLOWFISH_SECRET');
$i = 1;
$cfg['Servers'][$i]['auth_type'] = 'cookie';
$cfg['Servers'][$i]['host'] = (string) getenv('DB_HOST');
$cfg['Servers'][$i]['port'] = getenv('DB_PORT') ?: '3306';
$cfg['Servers'][$i]['compress'] = false;
$cfg['Servers'][$i]['AllowNoPassword'] = false;
$cfg['TempDir'] = __DIR__ . '/tmp/';
$cfg['UploadDir'] = '';
$cfg['SaveDir'] = '';
$cfg['VersionCheck'] = false;
$cfg['SendErrorReports'] = 'never';
`;

/** libraries/vendor_config.php of phpMyAdmin 5.1 and later: a distribution's points into /etc and /var, ours below the site. */
export const phpmyadminVendorConfig = String.raw`<?php
// Written by Howdah (preset "phpmyadmin-vendor-config"): settings and temporary files lie below the site's directory.
declare(strict_types=1);

if (! defined('PHPMYADMIN')) {
    exit;
}

return [
    'autoloadFile' => is_file(ROOT_PATH . 'vendor/autoload.php') ? ROOT_PATH . 'vendor/autoload.php' : ROOT_PATH . 'autoload.php',
    'tempDir' => ROOT_PATH . 'tmp' . DIRECTORY_SEPARATOR,
    'changeLogFile' => ROOT_PATH . 'ChangeLog',
    'licenseFile' => ROOT_PATH . 'LICENSE',
    'sqlDir' => ROOT_PATH . 'sql' . DIRECTORY_SEPARATOR,
    'configFile' => ROOT_PATH . 'config.inc.php',
    'customHeaderFile' => ROOT_PATH . 'config.header.inc.php',
    'customFooterFile' => ROOT_PATH . 'config.footer.inc.php',
    'versionCheckDefault' => false,
    'localePath' => ROOT_PATH . 'locale' . DIRECTORY_SEPARATOR,
    'cacheDir' => ROOT_PATH . 'libraries' . DIRECTORY_SEPARATOR . 'cache' . DIRECTORY_SEPARATOR,
    'versionSuffix' => '',
];
`;

/** config/config.inc.php of Roundcube. Mail servers come from ROUNDCUBE_IMAP_HOST and ROUNDCUBE_SMTP_HOST (1.6: host:port). */
export const roundcube = String.raw`<?php
// Written by Howdah (preset "roundcube"): every value comes from the environment.
$config = [];
$config['db_dsnw'] = 'mysql://' . rawurlencode((string) getenv('DB_USER')) . ':' . rawurlencode((string) getenv('DB_PASSWORD')) . '@'
    . getenv('DB_HOST') . ':' . (getenv('DB_PORT') ?: '3306') . '/' . getenv('DB_NAME');
$config['imap_host'] = getenv('ROUNDCUBE_IMAP_HOST') ?: 'localhost:143';
$config['default_host'] = $config['imap_host'];
$config['smtp_host'] = getenv('ROUNDCUBE_SMTP_HOST') ?: 'localhost:587';
$config['smtp_server'] = $config['smtp_host'];
$config['smtp_user'] = '%u';
$config['smtp_pass'] = '%p';
$config['des_key'] = (string) getenv('ROUNDCUBE_DES_KEY');
$config['product_name'] = getenv('HOWDAH_SITE_TITLE') ?: 'Roundcube Webmail';
$config['log_driver'] = 'stdout';
$config['temp_dir'] = dirname(__DIR__) . '/temp';
$config['log_dir'] = dirname(__DIR__) . '/logs';
$config['enable_installer'] = false;
$config['plugins'] = [];
`;
