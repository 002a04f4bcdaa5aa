/** What to do so that browsers and programs trust an authority's certificate, as lines to print. */
export function howToTrust(path: string, fingerprint: string): readonly string[] {
  return [
    `The authority of this machine is ${path}`,
    `  SHA-256 ${fingerprint}`,
    "This machine's own programs:",
    `  sudo cp ${path} /usr/local/share/ca-certificates/howdah-local-ca.crt && sudo update-ca-certificates`,
    "Chromium and Chrome of one user:",
    `  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n howdah-local-ca -i ${path}`,
    "Firefox: Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import.",
    `One request: curl --cacert ${path} https://...`,
  ];
}
