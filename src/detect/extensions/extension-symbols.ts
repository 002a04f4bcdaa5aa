/** Functions by their beginning. The longest beginning wins, and exact names below win over beginnings. */
const prefixes: Readonly<Record<string, string>> = {
  bcmath: "bcadd bcsub bcmul bcdiv bcmod bcpow bccomp bcscale bcsqrt bcpowmod",
  bz2: "bzopen bzread bzwrite bzcompress bzdecompress bzclose bzerror bzerrno bzflush",
  curl: "curl_",
  dba: "dba_",
  enchant: "enchant_",
  exif: "exif_ read_exif_data",
  fileinfo: "finfo_ mime_content_type",
  ftp: "ftp_",
  gd: "imagecreate imagecolor imagecopy imagejpeg imagepng imagegif imagewebp imageavif imagefilled imagettf imageftb imagestring imageline imagedestroy imagesx imagesy imagesave imagealpha imagerotate imageflip imagecrop imagefilter imageantialias imagearc imageinterlace imagelayer imageload imagerectangle imagescale imageset imagetruecolor imageistruecolor imagepalette imageconvolution imageellipse imagepolygon imagechar imagefont imagegamma imagebmp imageresolution gd_info",
  geoip: "geoip_",
  gettext: "bindtextdomain bind_textdomain_codeset gettext ngettext dgettext dngettext dcgettext textdomain",
  gmp: "gmp_",
  gnupg: "gnupg_",
  iconv: "iconv",
  imap: "imap_",
  intl: "collator_ datefmt_ grapheme_ idn_to_ intl_ intlcal_ locale_ msgfmt_ normalizer_ numfmt_ resourcebundle_ transliterator_",
  ldap: "ldap_",
  mailparse: "mailparse_",
  mbstring: "mb_",
  mcrypt: "mcrypt_",
  memcache: "memcache_",
  msgpack: "msgpack_",
  mysqli: "mysqli_",
  oci8: "oci_",
  odbc: "odbc_",
  pcntl: "pcntl_",
  pgsql: "pg_",
  posix: "posix_",
  pspell: "pspell_",
  radius: "radius_",
  rrd: "rrd_",
  calendar:
    "cal_days_in_month cal_from_jd cal_info cal_to_jd easter_date easter_days frenchtojd gregoriantojd jddayofweek jdmonthname jdtofrench jdtogregorian jdtojewish jdtojulian jdtounix jewishtojd juliantojd unixtojd",
  shmop: "shmop_",
  simplexml: "simplexml_",
  snmp: "snmp snmp2_ snmp3_ snmpget snmpwalk snmpset",
  soap: "use_soap_error_handler is_soap_fault",
  sockets:
    "socket_accept socket_bind socket_connect socket_create socket_recv socket_send socket_close socket_read socket_write socket_listen socket_strerror socket_last_error socket_select socket_getpeername socket_getsockname socket_clear_error socket_addrinfo socket_shutdown socket_import_stream",
  ssh2: "ssh2_",
  sysvmsg: "msg_get_queue msg_receive msg_remove_queue msg_send msg_stat_queue msg_queue_exists",
  sysvsem: "sem_acquire sem_get sem_release sem_remove",
  sysvshm: "shm_attach shm_detach shm_get_var shm_put_var shm_remove shm_has_var",
  tidy: "tidy_",
  tokenizer: "token_get_all token_name",
  uuid: "uuid_create uuid_generate uuid_parse",
  xml: "xml_parser_ xml_parse xml_set_ xml_get_ xml_error_string",
  xmlrpc: "xmlrpc_encode xmlrpc_decode xmlrpc_server_ xmlrpc_set_type xmlrpc_get_type",
  xmlwriter: "xmlwriter_",
  yaml: "yaml_parse yaml_emit",
  zip: "zip_open zip_read zip_entry_ zip_close",
  apcu: "apcu_ apc_",
  opcache: "opcache_",
  ctype: "ctype_",
  igbinary: "igbinary_",
  sodium: "sodium_",
  openssl: "openssl_",
  zlib: "gzopen gzcompress gzdeflate gzencode gzinflate gzuncompress gzdecode gzfile zlib_",
};

const exact: Readonly<Record<string, string>> = {
  _: "gettext",
  dom_import_simplexml: "dom",
  simplexml_import_dom: "simplexml",
  image_type_to_mime_type: "",
  image_type_to_extension: "",
  locale_get_default: "intl",
};

const classNames: Readonly<Record<string, string>> = {
  amqp: "amqpconnection amqpchannel amqpqueue",
  curl: "curlfile curlhandle",
  dom: "domdocument domelement domnode domxpath domimplementation domattr domtext domcomment domcdatasection domdocumentfragment domexception domnodelist",
  enchant: "enchantbroker",
  fileinfo: "finfo",
  gd: "gdimage",
  gmagick: "gmagick",
  gmp: "gmp",
  gnupg: "gnupg",
  http: "httprequest",
  imagick: "imagick imagickdraw imagickpixel imagickexception",
  intl: "collator datefmt intlcalendar intldateformatter intltimezone intlchar intlbreakiterator intldatepatterngenerator intlexception locale messageformatter normalizer numberformatter resourcebundle spoofchecker transliterator uconverter",
  luasandbox: "luasandbox",
  memcache: "memcache",
  memcached: "memcached",
  mongodb: "mongoclient mongodb",
  mysqli: "mysqli mysqli_stmt mysqli_result mysqli_sql_exception",
  pdo: "pdo pdostatement pdoexception",
  phar: "phar phardata",
  redis: "redis rediscluster redisarray redisexception",
  simplexml: "simplexmlelement simplexmliterator",
  snmp: "snmp",
  soap: "soapclient soapserver soapfault soapheader soapparam soapvar",
  sqlite3: "sqlite3 sqlite3stmt sqlite3result",
  tidy: "tidy tidynode",
  xmlreader: "xmlreader",
  xmlwriter: "xmlwriter",
  xsl: "xsltprocessor",
  zip: "ziparchive",
  zmq: "zmqcontext zmqsocket",
  ffi: "ffi",
};

const byPrefix: readonly (readonly [string, string])[] = Object.entries(prefixes)
  .flatMap(([extension, list]) => list.split(" ").map((prefix) => [prefix, extension] as const))
  .filter(([prefix]) => prefix !== "")
  .sort((a, b) => b[0].length - a[0].length);
const byFirst = new Map<string, (readonly [string, string])[]>();
for (const pair of byPrefix) {
  const key = pair[0].slice(0, 2);
  byFirst.set(key, [...(byFirst.get(key) ?? []), pair]);
}
const byClass: ReadonlyMap<string, string> = new Map(
  Object.entries(classNames).flatMap(([extension, list]) => list.split(" ").map((name): [string, string] => [name, extension])),
);

/** The extension that a function belongs to, by its lower-case name; undefined for PHP's own and unknown ones. */
export function extensionOfFunction(name: string): string | undefined {
  if (Object.hasOwn(exact, name)) return exact[name] === "" ? undefined : exact[name];
  return byFirst.get(name.slice(0, 2))?.find(([prefix]) => name.startsWith(prefix))?.[1];
}

/** The extension that a class belongs to, by its lower-case name. */
export function extensionOfClass(name: string): string | undefined {
  return byClass.get(name);
}
