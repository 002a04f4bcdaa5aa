/**
 * Words in the User-Agent of what reads by itself: crawlers, monitors, scanners, feed readers, link previews. Programs that people write
 * (curl, HTTP libraries) are not among them: they call APIs. Lower case; parts of one regular expression that nginx (PCRE) and JavaScript
 * read alike. From the names that crawlers give themselves in their own documentation.
 */
const words = [
  // "bot" is in most names; Cubot is a brand of telephones.
  "(?<!cu)bot",
  "crawl",
  "spider",
  "slurp",
  "scanner",
  "archive\\.org",
  "heritrix",
  "feed(?:fetcher|ly|burner|bin)",
  "facebookexternalhit",
  "facebookcatalog",
  "meta-external",
  "mediapartners-google",
  "google-(?:inspectiontool|read-aloud|site-verification|extended)",
  "googleother",
  "apis-google",
  "preview",
  "whatsapp",
  "embedly",
  "semrush",
  "ahrefs",
  "screaming frog",
  "lighthouse",
  "pagespeed",
  "gtmetrix",
  "headlesschrome",
  "phantomjs",
  "monitor",
  "uptime",
  "pingdom",
  "statuscake",
  "site24x7",
  "health-?check",
  "kube-probe",
  "googlehc",
  "check_http",
  "nagios",
  "zabbix",
  "blackbox",
  "prometheus",
  "validation server",
  "nmap",
  "nikto",
  "masscan",
  "zgrab",
  "nuclei",
  "wpscan",
  "sqlmap",
  "censys",
  "internet-?measurement",
  "expanse",
  "howdah-",
];

/**
 * Matches `METHOD:USER-AGENT` of a robot that only reads; upper and lower case are the same. Without a User-Agent nobody is recognized,
 * so it counts as one. Whoever sends data is a caller (webhooks of services call themselves bots, too) and never matches.
 */
export const ROBOT = `^(?:GET|HEAD|OPTIONS):(?:$|.*(?:${words.join("|")}))`;
