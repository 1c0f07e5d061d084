/** curl with a signature that the script computes: V3, with what every system has. */
import { sortPairs } from '../pairs.ts';
import { encodeQuery } from '../percent.ts';
import { shell as quote } from './literals.ts';
import type { Language } from './sample.ts';

const EMPTY_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export const curl: Language = {
  id: 'curl',
  title: 'curl',
  syntax: 'shell',
  file: 'call_curl.sh',
  write: ({ operation, pairs, endpoint }) => `#!/bin/sh
set -eu

host=${quote(endpoint.host)}
query=${quote(encodeQuery(sortPairs(pairs)))}
date=$(date -u +%Y-%m-%dT%H:%M:%SZ)
nonce=$(openssl rand -hex 16)
body_hash=${EMPTY_HASH}
signed='host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version'

canonical="POST
/
$query
host:$host
x-acs-action:${operation.name}
x-acs-content-sha256:$body_hash
x-acs-date:$date
x-acs-signature-nonce:$nonce
x-acs-version:${operation.version}

$signed
$body_hash"
digest=$(printf %s "$canonical" | openssl dgst -sha256 | sed 's/^.* //')
# The list of processes shows the secret while openssl runs: not for machines that others use.
signature=$(printf 'ACS3-HMAC-SHA256\\n%s' "$digest" |
  openssl dgst -sha256 -hmac "$ALIBABA_CLOUD_ACCESS_KEY_SECRET" | sed 's/^.* //')

curl --silent --show-error --request POST "${endpoint.protocol}://$host/?$query" \\
  --header "x-acs-action: ${operation.name}" \\
  --header "x-acs-content-sha256: $body_hash" \\
  --header "x-acs-date: $date" \\
  --header "x-acs-signature-nonce: $nonce" \\
  --header "x-acs-version: ${operation.version}" \\
  --header "Authorization: ACS3-HMAC-SHA256 Credential=$ALIBABA_CLOUD_ACCESS_KEY_ID,SignedHeaders=$signed,Signature=$signature"
`,
};
